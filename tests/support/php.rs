//! The PHP that publishes, with the extension.

use crate::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug, Clone)]
pub(crate) struct Php {
    program: PathBuf,
    extension: PathBuf,
}

impl Php {
    /// As `tests/setup/env.sh` names it.
    pub(crate) fn find() -> Result<Self> {
        let found = Self {
            program: existing("PHP84", "make setup")?,
            extension: existing("CANYON_EXT84", "make ext84")?,
        };
        let modules = found.command_line("64K").arg("-m").output()?;
        let modules = String::from_utf8_lossy(&modules.stdout).into_owned();
        for needed in ["pcntl", "canyon"] {
            if !modules.lines().any(|module| module == needed) {
                return Err(format!("{} has no extension {needed}", found.program.display()).into());
            }
        }
        Ok(found)
    }

    /// Runs a script, named from the folder of the tests, with rings of a size.
    pub(crate) fn command(&self, script: &str, ring_bytes: &str) -> Command {
        let mut command = self.command_line(ring_bytes);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script));
        command
    }

    /// A wrapper: with `CANYON_EXTENSION` in its environment it loads the extension.
    #[allow(dead_code, reason = "others run scripts only")]
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    fn command_line(&self, ring_bytes: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["-d", "display_errors=stderr", "-d", "error_reporting=-1"])
            .args(["-d", &format!("canyon.ring_bytes={ring_bytes}")])
            .env("CANYON_EXTENSION", &self.extension);
        command
    }
}

/// The file that a variable names.
pub(crate) fn existing(variable: &str, target: &str) -> Result<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from).unwrap_or_default();
    if path.is_file() {
        return Ok(path);
    }
    Err(format!(
        "{variable} names no file ({:?}); run make soak, or {target} and source tests/setup/env.sh",
        path
    )
    .into())
}
