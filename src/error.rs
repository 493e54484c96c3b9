//! Every way the library can fail, each message naming the thing and the remedy.

use std::path::PathBuf;

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A data file that cannot be read as asked.
    #[error("{place}: {cause}")]
    Data {
        /// File, line and column.
        place: Place,
        /// What is wrong there and what would help.
        cause: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system or the format said.
        cause: String,
    },
    /// A value that makes no sense, with the values that do.
    #[error("{name} = {value}: {remedy}")]
    Setting {
        /// The setting's name, as typed.
        name: String,
        /// The value given.
        value: String,
        /// What is allowed.
        remedy: String,
    },
    /// WGSL that does not compile, at the line of the piece it was written in.
    #[error("{piece}:{line}: {message}")]
    Shader {
        /// The piece (a file of `shaders/`, or the user's own text).
        piece: String,
        /// Line in that piece, from 1.
        line: u32,
        /// What the compiler said.
        message: String,
    },
    /// No adapter answers to the request.
    #[error("{0}")]
    Adapter(String),
    /// The adapter's memory or one of its limits does not carry the request.
    #[error("{what} needs {needed}, this adapter allows {allowed}: {remedy}")]
    Limit {
        /// What was asked for.
        what: String,
        /// How much it needs, with unit.
        needed: String,
        /// How much there is, with unit.
        allowed: String,
        /// The largest that fits, or another way round.
        remedy: String,
    },
    /// The device went away, or an operation on it failed.
    #[error("{0}")]
    Device(String),
}

/// A place in a data file; what is unknown is left out of the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, or the name of a built-in set.
    pub file: String,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Column: its name, or its number from 1.
    pub column: Option<String>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        Ok(())
    }
}

impl Error {
    /// A failing file operation.
    pub fn file(path: impl Into<PathBuf>, cause: impl std::fmt::Display) -> Self {
        Self::File { path: path.into(), cause: cause.to_string() }
    }

    /// A value that cannot be used.
    pub fn setting(name: impl Into<String>, value: impl std::fmt::Display, remedy: impl Into<String>) -> Self {
        Self::Setting { name: name.into(), value: value.to_string(), remedy: remedy.into() }
    }
}
