//! The rules of the house: who may use whom, how long a file may get, where `unsafe` may stand, what lies at the top.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use. A message meets them in the order of `src/lib.rs`; nothing uses what comes after it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("event", &[]),
    ("queue", &[]),
    ("config", &[]),
    ("address", &["config"]),
    ("health", &["pulse"]),
    ("pulse", &[]),
    ("systemd", &["config"]),
    ("log", &["config"]),
    ("metrics", &[]),
    ("protocol", &[]),
    ("bell", &[]),
    ("check", &["protocol"]),
    ("publisher", &["check", "event", "queue"]),
    ("escape", &[]),
    ("fork_guard", &[]),
    ("outbound", &[]),
    ("spare", &[]),
    ("sparing", &[]),
    ("limits", &["address", "metrics", "protocol", "sparing"]),
    ("view", &["escape", "protocol"]),
    ("watch", &["escape", "handover", "health", "metrics", "protocol"]),
    ("tls", &["config"]),
    ("error", &["config", "queue", "tls"]),
    ("handover", &["config"]),
    (
        "hub",
        &[
            "address",
            "bell",
            "config",
            "fork_guard",
            "handover",
            "health",
            "limits",
            "metrics",
            "protocol",
            "spare",
            "tls",
            "watch",
        ],
    ),
    ("webhook", &["config", "handover", "hub", "metrics", "outbound", "protocol", "sparing", "watch"]),
    (
        "connection",
        &[
            "address",
            "config",
            "fork_guard",
            "handover",
            "hub",
            "limits",
            "metrics",
            "protocol",
            "spare",
            "tls",
            "view",
            "watch",
        ],
    ),
    (
        "worker",
        &[
            "address",
            "config",
            "connection",
            "fork_guard",
            "handover",
            "hub",
            "limits",
            "metrics",
            "protocol",
            "pulse",
            "spare",
            "view",
            "watch",
        ],
    ),
    (
        "http",
        &[
            "address",
            "config",
            "connection",
            "health",
            "hub",
            "limits",
            "metrics",
            "protocol",
            "view",
            "watch",
            "worker",
        ],
    ),
    (
        "drain",
        &[
            "config", "error", "event", "handover", "health", "hub", "metrics", "protocol", "pulse", "queue",
            "sparing", "view", "watch",
        ],
    ),
    (
        "server",
        &[
            "bell",
            "config",
            "drain",
            "error",
            "fork_guard",
            "handover",
            "http",
            "hub",
            "limits",
            "metrics",
            "pulse",
            "sparing",
            "systemd",
            "tls",
            "webhook",
            "worker",
        ],
    ),
    ("parent", &["config", "handover", "server", "systemd"]),
    ("top", &["config", "escape", "outbound", "protocol"]),
    ("capi", &["check", "protocol", "publisher", "queue"]),
    ("extension", &["check", "config", "error", "event", "log", "parent", "publisher", "queue", "server"]),
];

/// The files that may hold `unsafe`, each for a reason that it states at its top.
const MAY_BE_UNSAFE: &[&str] = &[
    "src/capi/abi.rs",
    "src/extension/signals.rs",
    "src/extension/zend.rs",
    "src/fork_guard.rs",
    "src/queue/fault.rs",
    "src/queue/fork.rs",
    "src/queue/segment.rs",
    "src/worker/trim.rs",
];

/// What the top level consists of, dotfiles apart.
const TOP_LEVEL: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "composer.json",
    "php",
    "src",
    "stubs",
    "tests",
];

const LONGEST_FILE: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files under `folder` with one of the endings, as paths from the root.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one)) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "no {endings:?} in {folder}");
    found
}

/// A source file without comments, and without the unit tests at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

fn module(path: &Path) -> String {
    let name = path.iter().nth(1).unwrap().to_str().unwrap();
    name.trim_end_matches(".rs").to_owned()
}

/// The modules named after `crate::` in `code`, groups in braces included.
fn used(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for tail in code.split("crate::").skip(1) {
        let parts: Vec<&str> = match tail.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').collect(),
            None => vec![tail],
        };
        for part in parts {
            let name: String =
                part.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !name.is_empty() {
                names.push(name);
            }
        }
    }
    names
}

#[test]
fn modules_use_only_what_they_may() {
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in files("src", &["rs"]) {
        let from = module(&path);
        if ["lib", "main"].contains(&from.as_str()) || path.ends_with("tests.rs") {
            continue;
        }
        let allowed = rules.get(from.as_str()).unwrap_or_else(|| panic!("{from} has no rule in this test"));
        for name in used(&code(&path)) {
            if name != from && rules.contains_key(name.as_str()) && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_rules_point_one_way() {
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    fn reaches(rules: &BTreeMap<&str, &[&str]>, from: &str, to: &str) -> bool {
        rules[from].iter().any(|next| *next == to || reaches(rules, next, to))
    }
    for name in rules.keys() {
        assert!(!reaches(&rules, name, name), "{name} reaches itself");
    }
}

#[test]
fn unsafe_stands_only_in_the_named_files() {
    let word = |line: &str| {
        line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == "unsafe")
    };
    let mut found: Vec<String> = files("src", &["rs"])
        .iter()
        .filter(|path| code(path).lines().any(word))
        .map(|path| path.display().to_string())
        .collect();
    found.sort();
    assert_eq!(found, MAY_BE_UNSAFE);
}

#[test]
fn no_file_is_too_long() {
    let mut long = Vec::new();
    for folder in ["src", "php", "tests", "stubs"] {
        for path in files(folder, &["rs", "php", "mjs", "js", "css", "sh"]) {
            let lines = fs::read_to_string(root().join(&path)).unwrap().lines().count();
            if lines > LONGEST_FILE {
                long.push(format!("{} has {lines} lines", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_top_level_is_what_it_should_be() {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut names: Vec<&str> = listed
        .lines()
        .map(|path| path.split('/').next().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, TOP_LEVEL);
}
