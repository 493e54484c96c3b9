//! Error against the number of weights, where the methods of a case differ by their model.

use std::path::Path;

use anyhow::Result;
use gradless::comparison::Measured;
use gradless::method::Method;
use gradless::plot::{Curve, Series, banded_curve};
use gradless::statistics::Spread;
use serde_json::Value;

/// A method but for its model, and that.
fn parted(name: &str) -> Option<(String, String)> {
    let mut method: Method = name.parse().ok()?;
    let at = method.settings.iter().position(|(key, _)| key == "model")?;
    let (_, model) = method.settings.remove(at);
    Some((method.to_string(), model))
}

/// Draws it, where there is more than one model; a band shows the range over seeds.
pub(super) fn picture(title: &str, names: &[String], records: &[Value], runs: &[Measured], stem: &Path) -> Result<()> {
    let mut methods: Vec<(String, Vec<(f64, Spread)>)> = Vec::new();
    for name in names {
        let Some((method, _)) = parted(name) else { continue };
        let of_name = runs.iter().zip(records).filter(|(run, _)| run.method == *name);
        let (losses, weights): (Vec<f64>, Vec<f64>) = of_name
            .map(|(run, record)| (run.train.loss, record["model"]["parameters"].as_f64().unwrap_or_default()))
            .unzip();
        let (Some(spread), Some(weights)) = (Spread::of(&losses), weights.first()) else { continue };
        let place = methods.iter().position(|(known, _)| *known == method).unwrap_or_else(|| {
            methods.push((method, Vec::new()));
            methods.len() - 1
        });
        methods[place].1.push((weights.max(1.0).log10(), spread));
    }
    methods.retain(|(_, points)| points.len() > 1);
    if methods.is_empty() {
        return Ok(());
    }
    for (_, points) in &mut methods {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let lines: Vec<Vec<_>> =
        methods.iter().map(|(_, points)| points.iter().map(|(x, spread)| (*x, spread.mean)).collect()).collect();
    let around = |(x, spread): &(f64, Spread)| {
        let (mean, sd) = (spread.mean, spread.sd.unwrap_or(0.0));
        (*x, (mean - sd).max(mean / 10.0), mean + sd)
    };
    let bands: Vec<Vec<_>> = methods.iter().map(|(_, points)| points.iter().map(around).collect()).collect();
    let series: Vec<_> = methods.iter().zip(&lines).map(|((name, _), points)| Series { name, points }).collect();
    let y_label = "train loss, mean and standard deviation";
    let curve = Curve { title, x_label: "log10 of the number of weights", y_label, series: &series };
    let bands: Vec<&[_]> = bands.iter().map(Vec::as_slice).collect();
    Ok(banded_curve(&curve, &bands, stem)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_parted_from_its_method() {
        let (method, model) = parted("adam:rate=0.1,model=mlp:8,8,clip=1").unwrap();
        assert_eq!((method.as_str(), model.as_str()), ("adam:rate=0.1,clip=1", "mlp:8,8"));
        assert!(parted("adam:rate=0.1").is_none());
    }
}
