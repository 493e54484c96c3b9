//! The device that all tests of a binary share.

use std::sync::OnceLock;

use gradless::gpu::{Gpu, Pick};

/// Any adapter, software included. Without one the caller skips, unless `GRADLESS_REQUIRE_GPU=1` makes that a failure.
pub(crate) fn gpu() -> Option<Gpu> {
    static GPU: OnceLock<Result<Gpu, String>> = OnceLock::new();
    match GPU.get_or_init(|| Gpu::open(&Pick::Best).map_err(|error| error.to_string())) {
        Ok(gpu) => Some(gpu.clone()),
        Err(error) if std::env::var("GRADLESS_REQUIRE_GPU").is_ok_and(|value| value == "1") => {
            panic!("GRADLESS_REQUIRE_GPU is set, but {error}")
        }
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}
