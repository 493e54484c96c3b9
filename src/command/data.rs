//! `gradless data`

use anyhow::Result;
use gradless::data::known;
use serde_json::json;

use crate::cli::Output;

pub(super) fn list(output: &Output) -> Result<()> {
    if output.json {
        let sets: Vec<_> = known()
            .iter()
            .map(|set| {
                json!({"name": set.name, "rows": set.rows, "features": set.features, "classes": set.classes,
                       "about": set.about})
            })
            .collect();
        say!("{}", json!({"command": "data list", "sets": sets}));
        return Ok(());
    }
    let mut table = super::table(&["name", "rows", "features", "classes", "about"]);
    for set in known() {
        let [rows, features, classes] = [set.rows, set.features, set.classes].map(|n| n.to_string());
        table.add_row([set.name, &rows, &features, &classes, set.about]);
    }
    say!("{table}");
    say!(
        "or give a file, or a folder of images (IDX files as MNIST's, CIFAR records, or PNG files in a folder for each class): gradless train FILE.csv, gradless train FOLDER"
    );
    Ok(())
}
