//! `gradless data`

use anyhow::Result;
use gradless::data::{REMOTES, Remote, cache, known};
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
        let remote = REMOTES.iter().map(|set| {
            json!({"name": set.name, "rows": set.rows, "features": set.features, "classes": set.classes,
                   "about": set.about, "fetched": is_there(set)})
        });
        let remote: Vec<_> = remote.collect();
        say!("{}", json!({"command": "data list", "sets": sets, "remote": remote}));
        return Ok(());
    }
    let mut table = super::table(&["name", "rows", "features", "classes", "about"]);
    for set in known() {
        let [rows, features, classes] = [set.rows, set.features, set.classes].map(|n| n.to_string());
        table.add_row([set.name, &rows, &features, &classes, set.about]);
    }
    say!("{table}");
    let mut table = super::table(&["to fetch", "rows", "features", "classes", "about"]);
    for set in &REMOTES {
        let [rows, features, classes] = [set.rows, set.features, set.classes].map(|n| n.to_string());
        let about = format!("{}{}", set.about, if is_there(set) { " (is there)" } else { "" });
        table.add_row([set.name, &rows, &features, &classes, &about]);
    }
    say!("{table}");
    say!("gradless data fetch NAME, then gradless train NAME");
    say!(
        "or give a file, or a folder of images (IDX files as MNIST's, CIFAR records, or PNG and JPEG files in a folder for each class): gradless train FILE.csv, gradless train FOLDER"
    );
    Ok(())
}

/// Whether it was fetched.
fn is_there(remote: &Remote) -> bool {
    cache().is_ok_and(|folder| remote.is_in(&folder.join(remote.name)))
}
