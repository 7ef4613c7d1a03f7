//! The fastest and the median sample of every bench that criterion measured, in nanoseconds, from what it left under
//! `target/criterion`. Whatever else the machine does makes a sample slower, and never faster.

use std::path::Path;
use std::{env, fs};

use serde_json::Value;

fn read(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// The benches under a folder: name, fastest, median.
fn collect(folder: &Path, found: &mut Vec<(String, f64, f64)>) {
    let new = folder.join("new");
    if let (Some(sample), Some(bench)) = (read(&new.join("sample.json")), read(&new.join("benchmark.json"))) {
        let numbers = |key: &str| {
            let list = sample[key].as_array().expect("numbers");
            list.iter().map(|number| number.as_f64().expect("a number")).collect::<Vec<_>>()
        };
        let samples = numbers("times").into_iter().zip(numbers("iters"));
        let mut samples: Vec<f64> = samples.map(|(time, count)| time / count).collect();
        samples.sort_by(f64::total_cmp);
        let name = bench["full_id"].as_str().expect("a name").to_owned();
        found.push((name, samples[0], samples[samples.len() / 2]));
        return;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).for_each(|path| collect(&path, found));
}

fn main() {
    let folder = env::args().nth(1).unwrap_or_else(|| "target/criterion".to_owned());
    let mut found = Vec::new();
    collect(Path::new(&folder), &mut found);
    found.sort_by(|left, right| left.0.cmp(&right.0));
    println!("fastest_ns,median_ns,bench");
    for (name, fastest, median) in found {
        println!("{fastest:.1},{median:.1},{name}");
    }
}
