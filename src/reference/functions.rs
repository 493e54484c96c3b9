//! Plain-Rust `f64` twins of `shaders/functions/`, same names, each written as its formula is printed.
//! The shaders rearrange some of them for `f32`; that both agree is what the twins are for.

pub mod classic;
pub mod one_dimensional;
pub mod two_dimensional;
