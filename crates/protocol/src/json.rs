//! A small JSON reader and writer for the client.
//!
//! The types of this crate have serde's derives, and the server uses them. In the wasm the code that
//! the derives generate weighed 220 KB, more than everything else together; the member lists that
//! [`json_object!`](crate::json_object) turns into two short functions per type weigh a fifth. Both
//! speak the same JSON: `tests/json.rs` compares them type by type.
//!
//! Reading goes through a tree that borrows from the text. Unknown members are ignored, members that
//! are absent have their type's default, `null` is a value of no type but `Option`. Numbers stay text
//! until somebody wants an integer; nothing here knows floating point.

mod tree;
mod values;

pub use tree::{Json, parse};

/// Where a text is not what was expected: the name of the member, or of the whole.
pub type Bad = &'static str;

/// Reads a text as a `T`.
///
/// # Errors
/// The member that is missing or of a wrong type.
pub fn read<T: FromJson>(text: &str) -> Result<T, Bad> {
    parse(text).ok_or("JSON").and_then(|it| T::from_json(&it))
}

/// Writes a value.
#[must_use]
pub fn write<T: ToJson + ?Sized>(value: &T) -> String {
    let mut out = String::new();
    value.write(&mut out);
    out
}

/// A type that can be read.
///
/// Values are filled in place, because that is little code: one call per member, and nothing to take
/// back when a later member is wrong.
pub trait FromJson {
    /// What reading begins with, and what an absent member means where it may be absent. Where it
    /// may not, a blank is no valid value and never leaves this module.
    #[must_use]
    fn blank() -> Self
    where
        Self: Sized;

    /// Takes a value into a blank, which is of no use after an error.
    ///
    /// # Errors
    /// What is missing or of a wrong type.
    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad>;

    /// Whether an absent member is as good as a blank one.
    fn may_be_absent(&self) -> bool {
        false
    }

    /// Reads a value.
    ///
    /// # Errors
    /// What is missing or of a wrong type.
    fn from_json(json: &Json<'_>) -> Result<Self, Bad>
    where
        Self: Sized,
    {
        let mut it = Self::blank();
        it.fill(json).map(|()| it)
    }
}

/// Reads the members of an object one after the other.
pub struct ObjectReader<'a> {
    json: &'a Json<'a>,
    found: usize,
    bad: Option<Bad>,
}

impl<'a> ObjectReader<'a> {
    /// Begins with an object; the end tells when it is none.
    #[must_use]
    pub fn new(json: &'a Json<'a>) -> Self {
        Self { json, found: 0, bad: if json.is_object() { None } else { Some("an object") } }
    }

    /// Reads a member.
    pub fn member(&mut self, name: Bad, into: &mut dyn FromJson) {
        let read = match self.json.get(name) {
            Some(value) => {
                self.found += 1;
                into.fill(value).is_ok()
            }
            None => into.may_be_absent(),
        };
        if !read {
            self.bad.get_or_insert(name);
        }
    }

    /// Ends the object.
    ///
    /// # Errors
    /// The first member that is missing or of a wrong type.
    pub fn end(self) -> Result<(), Bad> {
        self.bad.map_or(Ok(()), Err)
    }

    /// Ends the object, which must have no members but those that were read, and no `null`.
    ///
    /// # Errors
    /// Also for any other member.
    pub fn end_strictly(self) -> Result<(), Bad> {
        let members = self.json.members();
        if members.len() > self.found || members.iter().any(|(_, it)| it.is_null()) {
            return Err("a known member");
        }
        self.end()
    }
}

/// A type that can be written.
pub trait ToJson {
    /// Appends the value.
    fn write(&self, out: &mut String);

    /// Whether a member with this value may be left out.
    fn is_blank(&self) -> bool {
        false
    }
}

/// Appends a string with its quotes.
pub fn write_str(text: &str, out: &mut String) {
    out.push('"');
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        // Escaped bytes are ASCII, so the cuts are between characters.
        out.push_str(&text[start..at]);
        start = at + 1;
        if short.is_empty() {
            out.push_str("\\u00");
            out.push(if byte < 0x10 { '0' } else { '1' });
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        } else {
            out.push_str(short);
        }
    }
    out.push_str(&text[start..]);
    out.push('"');
}

/// Writes the members of an object one after the other.
pub struct ObjectWriter<'a> {
    out: &'a mut String,
    open: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Begins an object.
    pub fn new(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, open: false }
    }

    /// Writes a member.
    pub fn member(&mut self, name: &str, value: &dyn ToJson) {
        if std::mem::replace(&mut self.open, true) {
            self.out.push(',');
        }
        // Names are ours and need no escapes.
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        value.write(self.out);
    }

    /// Writes a member unless it has its default.
    pub fn member_unless_blank(&mut self, name: &str, value: &dyn ToJson) {
        if !value.is_blank() {
            self.member(name, value);
        }
    }

    /// Ends the object.
    pub fn end(self) {
        self.out.push('}');
    }
}

/// Gives a struct its JSON: `json_object!(Name { field: "name", … })`.
///
/// `read` and `write` choose one direction. Members with their default are left out when writing, unless
/// they are marked `required`, as serde asks for them; with `full` all are written.
#[macro_export]
macro_rules! json_object {
    ($type:ty { $($field:ident: $name:literal $($required:ident)?),* $(,)? }) => {
        $crate::json_object!(read $type { $($field: $name $($required)?),* });
        $crate::json_object!(write $type { $($field: $name $($required)?),* });
    };
    (read $type:ty { $($field:ident: $name:literal $($required:ident)?),* $(,)? }) => {
        impl $crate::json::FromJson for $type {
            fn blank() -> Self {
                Self { $($field: $crate::json::FromJson::blank()),* }
            }

            fn fill(&mut self, json: &$crate::json::Json<'_>) -> Result<(), $crate::json::Bad> {
                #[allow(unused_mut, reason = "an object without members reads none")]
                let mut object = $crate::json::ObjectReader::new(json);
                $(object.member($name, &mut self.$field);)*
                object.end()
            }
        }
    };
    (write $type:ty { $($field:ident: $name:literal $($required:ident)?),* $(,)? }) => {
        impl $crate::json::ToJson for $type {
            fn write(&self, out: &mut String) {
                #[allow(unused_mut, reason = "an object without members writes none")]
                let mut object = $crate::json::ObjectWriter::new(out);
                $($crate::json_object!(member object, $name, &self.$field $(, $required)?);)*
                object.end();
            }
        }
    };
    (member $object:ident, $name:literal, $value:expr) => {
        $object.member_unless_blank($name, $value)
    };
    (member $object:ident, $name:literal, $value:expr, required) => {
        $object.member($name, $value)
    };
    (full $type:ty { $($field:ident: $name:literal),* $(,)? }) => {
        impl $crate::json::ToJson for $type {
            fn write(&self, out: &mut String) {
                let mut object = $crate::json::ObjectWriter::new(out);
                $(object.member($name, &self.$field);)*
                object.end();
            }
        }
    };
}

/// Gives an enum without data its JSON: `json_names!(Name { Variant: "name", … })`. The default
/// variant, where there is one, stands for an absent member.
#[macro_export]
macro_rules! json_names {
    ($type:ty { $($variant:ident: $name:literal),* $(,)? }) => {
        $crate::json_names!(required $type { $($variant: $name),* } {
            fn may_be_absent(&self) -> bool {
                true
            }

            fn blank() -> Self {
                Self::default()
            }
        } {
            fn is_blank(&self) -> bool {
                *self == Self::default()
            }
        });
    };
    (required $type:ty { $($variant:ident: $name:literal),* $(,)? }) => {
        $crate::json_names!(required $type { $($variant: $name),* } {
            fn blank() -> Self {
                // Any will do.
                [$(Self::$variant),*][0]
            }
        } {});
    };
    (required $type:ty { $($variant:ident: $name:literal),* } { $($read:tt)* } { $($write:tt)* }) => {
        impl $crate::json::FromJson for $type {
            fn fill(&mut self, json: &$crate::json::Json<'_>) -> Result<(), $crate::json::Bad> {
                *self = match json.as_str() {
                    $(Some($name) => Self::$variant,)*
                    _ => return Err("a known name"),
                };
                Ok(())
            }
            $($read)*
        }

        impl $crate::json::ToJson for $type {
            fn write(&self, out: &mut String) {
                $crate::json::write_str(match self { $(Self::$variant => $name),* }, out);
            }
            $($write)*
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_json_is_and_nothing_else() {
        for good in [
            "null",
            " true ",
            "-0.5e+7",
            "0",
            r#""""#,
            r#"{"a":[1,{"b":null}],"c":"é"}"#,
            "[]",
            "{}",
            r#""\ud83d\ude00\n\/""#,
        ] {
            assert!(parse(good).is_some(), "{good}");
            assert!(serde_json::from_str::<serde_json::Value>(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "nul",
            "01",
            "1.",
            "+1",
            "'a'",
            "[1,]",
            "{\"a\":}",
            "{a:1}",
            "1 2",
            "\"\n\"",
            "\"\\x\"",
            "[",
            "{\"a\":1",
            "\"",
            "tru",
            "-",
            "1e",
            "\"\\u12\"",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
            assert!(serde_json::from_str::<serde_json::Value>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn strings_survive_both_ways() {
        for text in ["", "plain", "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}", "é你😀\u{2028}", "\u{7f}"]
        {
            let written = write(&text);
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            assert_eq!(read::<String>(&serde_json::to_string(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn half_a_surrogate_pair_becomes_a_replacement() {
        assert_eq!(read::<String>(r#""\ud83dx""#).unwrap(), "\u{fffd}x");
        assert_eq!(read::<String>(r#""\ud83d\u0041""#).unwrap(), "\u{fffd}A");
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(parse(&format!("{}{}", "[".repeat(60), "]".repeat(60))).is_some());
        assert!(parse(&format!("{}{}", "[".repeat(6000), "]".repeat(6000))).is_none());
    }

    #[test]
    fn numbers_are_whole_and_in_range() {
        assert_eq!(read::<u64>("18446744073709551615"), Ok(u64::MAX));
        assert!(read::<u64>("-1").is_err() && read::<u64>("1.5").is_err());
        assert!(read::<u32>("4294967296").is_err() && read::<u64>("null").is_err());
        assert_eq!(write(&i64::MIN), "-9223372036854775808");
    }
}
