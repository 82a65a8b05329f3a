//! Settings as they stand in their sources: a dotted name, a value, a place to point at.

use std::{fmt, path::Path, path::PathBuf};

use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// Where a setting was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the file.
    File {
        /// As the operator named it.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// In the environment.
    Variable(String),
    /// On the command line.
    Argument(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{}, line {line}", file.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Argument(name) => write!(f, "argument {name}"),
        }
    }
}

/// A value of any source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Value>),
    Table(Vec<(String, Value)>),
}

/// One setting of one source.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub key: String,
    pub value: Value,
    pub origin: Origin,
}

impl Setting {
    pub(super) fn wrong(self, problem: String) -> ConfigError {
        ConfigError::Setting { origin: self.origin, key: self.key, problem }
    }
}

/// Everything the file says: the server's own settings, then each `[[app]]`.
#[derive(Default)]
pub(super) struct FileSettings {
    pub server: Vec<Setting>,
    pub apps: Vec<Vec<Setting>>,
}

/// Arguments and variables that stand above the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Name, value and where it came from.
    pub server: Vec<(&'static str, String, Origin)>,
    /// The whole environment; only `TIM_APP_…` is looked at.
    pub environment: Vec<(String, String)>,
}

impl Value {
    fn of(value: &DeValue<'_>) -> Result<Self, String> {
        Ok(match value {
            DeValue::Boolean(it) => Self::Bool(*it),
            DeValue::String(it) => Self::Text(it.to_string()),
            DeValue::Integer(it) => Self::Int(
                i64::from_str_radix(it.as_str(), it.radix())
                    .map_err(|_| "the number is too large".to_owned())?,
            ),
            DeValue::Array(items) => {
                Self::List(items.iter().map(|it| Self::of(it.get_ref())).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => Self::Table(
                table
                    .iter()
                    .map(|(key, it)| Ok((key.get_ref().to_string(), Self::of(it.get_ref())?)))
                    .collect::<Result<_, String>>()?,
            ),
            DeValue::Float(_) | DeValue::Datetime(_) => {
                return Err(format!("a {} is not possible here", value.type_str()));
            }
        })
    }

    /// Variables hold text; what reads as a TOML value is one.
    fn of_text(text: &str) -> Self {
        let parsed = DeValue::parse(text).ok();
        parsed
            .and_then(|it| Self::of(it.get_ref()).ok())
            .unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    pub(super) fn bool(&self) -> Result<bool, String> {
        match self {
            Self::Bool(it) => Ok(*it),
            _ => Err("must be true or false".to_owned()),
        }
    }

    pub(super) fn text(&self) -> Result<String, String> {
        match self {
            Self::Text(it) => Ok(it.clone()),
            _ => Err("must be a text in quotation marks".to_owned()),
        }
    }

    pub(super) fn int<T: TryFrom<i64>>(&self, least: i64, most: i64) -> Result<T, String> {
        let problem = || format!("must be a whole number from {least} to {most}");
        match self {
            Self::Int(it) if (least..=most).contains(it) => T::try_from(*it).map_err(|_| problem()),
            _ => Err(problem()),
        }
    }

    pub(super) fn list(&self) -> Result<&[Self], String> {
        match self {
            Self::List(it) => Ok(it),
            _ => Err("must be a list in square brackets".to_owned()),
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|it| **it == b'\n').count() + 1
}

/// Turns nested tables into dotted names.
fn flatten(
    table: &DeTable<'_>,
    prefix: &str,
    origin: &dyn Fn(usize) -> Origin,
    settings: &mut Vec<Setting>,
) -> Result<(), ConfigError> {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            flatten(inner, &format!("{name}."), origin, settings)?;
            continue;
        }
        let origin = origin(key.span().start);
        match Value::of(value.get_ref()) {
            Ok(value) => settings.push(Setting { key: name, value, origin }),
            Err(problem) => return Err(ConfigError::Setting { origin, key: name, problem }),
        }
    }
    Ok(())
}

/// Reads the file.
pub(super) fn read(file: &Path) -> Result<FileSettings, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::File { file: file.to_owned(), source })?;
    let origin = |offset| Origin::File { file: file.to_owned(), line: line_of(&text, offset) };
    let root = DeTable::parse(&text).map_err(|error| ConfigError::Syntax {
        file: file.to_owned(),
        line: line_of(&text, error.span().map_or(0, |it| it.start)),
        problem: error.message().to_owned(),
    })?;
    let mut root = root.into_inner();
    let mut settings = FileSettings::default();
    if let Some((key, apps)) = root.remove_entry("app") {
        let wrong = |problem: &str| ConfigError::Setting {
            origin: origin(key.span().start),
            key: "app".to_owned(),
            problem: problem.to_owned(),
        };
        let DeValue::Array(apps) = apps.get_ref() else {
            return Err(wrong("apps are written as [[app]], in two pairs of brackets"));
        };
        for app in apps {
            let DeValue::Table(app) = app.get_ref() else {
                return Err(wrong("an app is a table: [[app]]"));
            };
            let mut of_app = Vec::new();
            flatten(app, "", &origin, &mut of_app)?;
            settings.apps.push(of_app);
        }
    }
    flatten(&root, "", &origin, &mut settings.server)?;
    Ok(settings)
}

impl Overrides {
    pub(super) fn server_settings(&self) -> impl Iterator<Item = Setting> {
        self.server.iter().map(|(key, text, origin)| Setting {
            key: (*key).to_owned(),
            value: Value::Text(text.clone()),
            origin: origin.clone(),
        })
    }

    /// The variables `TIM_APP_<id>_<NAME>` of an app. Dots are written `__`; letters of either case.
    pub(super) fn app_settings(&self, sdk_app_id: u32) -> impl Iterator<Item = Setting> {
        let prefix = format!("TIM_APP_{sdk_app_id}_");
        self.environment.iter().filter_map(move |(name, text)| {
            let key = name.strip_prefix(&prefix)?;
            Some(Setting {
                key: key.replace("__", "."),
                value: Value::of_text(text),
                origin: Origin::Variable(name.clone()),
            })
        })
    }
}
