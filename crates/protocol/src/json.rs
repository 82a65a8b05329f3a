//! A small JSON reader and writer for the client.
//!
//! The types of this crate have serde's derives, and the server uses them. In the wasm the code that
//! the derives generate weighed 200 KB, more than everything else together; the member lists that
//! [`json_object!`](crate::json_object) turns into two short functions per type weigh a tenth. Both
//! speak the same JSON: `tests/json.rs` compares them type by type.
//!
//! Reading goes through a tree that borrows from the text. Unknown members are ignored, members that
//! are absent have their type's default, `null` is a value of no type but `Option`. Numbers stay text
//! until somebody wants an integer; nothing here knows floating point.

use std::{borrow::Cow, rc::Rc};

/// Values nested deeper than this are refused, so that hostile input cannot exhaust the stack.
const DEPTH: usize = 64;

/// A JSON value that borrows from its text.
#[derive(Clone, Debug)]
pub struct Json<'a> {
    raw: &'a str,
    kind: Kind<'a>,
}

#[derive(Clone, Debug)]
enum Kind<'a> {
    Null,
    Bool(bool),
    Number,
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

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

/// Reads a text; `None` when it is not one JSON value.
#[must_use]
pub fn parse(text: &str) -> Option<Json<'_>> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(DEPTH)?;
    reader.space();
    (reader.at == text.len()).then_some(value)
}

impl<'a> Json<'a> {
    /// The value as it stands in the text.
    #[must_use]
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self.kind, Kind::Object(_))
    }

    /// A member of an object; of members of one name the last.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(it, _)| it == name).map(|(_, value)| value)
    }

    /// The members of an object, in the order of the text.
    #[must_use]
    pub fn members(&self) -> &[(Cow<'a, str>, Self)] {
        match &self.kind {
            Kind::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The digits of a number.
    #[must_use]
    pub fn as_number(&self) -> Option<&'a str> {
        matches!(self.kind, Kind::Number).then_some(self.raw)
    }

    /// A member as a `T`; absent members have the type's default.
    ///
    /// # Errors
    /// The member's name.
    pub fn member<T: FromJson>(&self, name: Bad) -> Result<T, Bad> {
        match self.get(name) {
            Some(value) => T::from_json(value).map_err(|_| name),
            None => {
                let blank = T::blank();
                if blank.may_be_absent() { Ok(blank) } else { Err(name) }
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Skips white space and one expected byte.
    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Option<Json<'a>> {
        let depth = depth.checked_sub(1)?;
        self.space();
        let start = self.at;
        let kind = match self.peek()? {
            b'{' => {
                self.at += 1;
                // A message has about so many.
                let mut members = Vec::with_capacity(16);
                if !self.eat(b'}') {
                    loop {
                        self.space();
                        let name = self.string()?;
                        if !self.eat(b':') {
                            return None;
                        }
                        members.push((name, self.value(depth)?));
                        if self.eat(b'}') {
                            break;
                        }
                        if !self.eat(b',') {
                            return None;
                        }
                    }
                }
                Kind::Object(members)
            }
            b'[' => {
                self.at += 1;
                let mut list = Vec::new();
                if !self.eat(b']') {
                    loop {
                        list.push(self.value(depth)?);
                        if self.eat(b']') {
                            break;
                        }
                        if !self.eat(b',') {
                            return None;
                        }
                    }
                }
                Kind::List(list)
            }
            b'"' => Kind::Text(self.string()?),
            b't' => self.word("true", Kind::Bool(true))?,
            b'f' => self.word("false", Kind::Bool(false))?,
            b'n' => self.word("null", Kind::Null)?,
            _ => self.number()?,
        };
        Some(Json { raw: self.text.get(start..self.at)?, kind })
    }

    fn word(&mut self, word: &str, kind: Kind<'a>) -> Option<Kind<'a>> {
        let found = self.text.get(self.at..)?.starts_with(word);
        self.at += word.len();
        found.then_some(kind)
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<Kind<'a>> {
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(Kind::Number)
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return None;
        }
        self.at += 1;
        let mut start = self.at;
        let mut owned = String::new();
        loop {
            match self.peek()? {
                b'"' => {
                    let rest = self.text.get(start..self.at)?;
                    self.at += 1;
                    if owned.is_empty() {
                        return Some(Cow::Borrowed(rest));
                    }
                    owned.push_str(rest);
                    return Some(Cow::Owned(owned));
                }
                b'\\' => {
                    owned.push_str(self.text.get(start..self.at)?);
                    self.at += 1;
                    owned.push(self.escape()?);
                    start = self.at;
                }
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex()?;
                let pair = self.text.get(self.at..)?.starts_with("\\u");
                if pair && (0xd800..0xdc00).contains(&high) {
                    let back = self.at;
                    self.at += 2;
                    let low = self.hex()?;
                    if (0xdc00..0xe000).contains(&low) {
                        return char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                    }
                    self.at = back;
                }
                // Half a pair is no character; JavaScript strings may hold one all the same.
                char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        digits
            .bytes()
            .all(|it| it.is_ascii_hexdigit())
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
    }
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
/// `read` and `write` choose one direction. Members with their default are left out when writing;
/// with `full` all are written.
#[macro_export]
macro_rules! json_object {
    ($type:ty { $($field:ident: $name:literal),* $(,)? }) => {
        $crate::json_object!(read $type { $($field: $name),* });
        $crate::json_object!(write $type { $($field: $name),* });
    };
    (read $type:ty { $($field:ident: $name:literal),* $(,)? }) => {
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
    (write $type:ty { $($field:ident: $name:literal),* $(,)? }) => {
        impl $crate::json::ToJson for $type {
            fn write(&self, out: &mut String) {
                #[allow(unused_mut, reason = "an object without members writes none")]
                let mut object = $crate::json::ObjectWriter::new(out);
                $(object.member_unless_blank($name, &self.$field);)*
                object.end();
            }
        }
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

impl FromJson for String {
    fn blank() -> Self {
        Self::new()
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        self.push_str(json.as_str().ok_or("a string")?);
        Ok(())
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl ToJson for String {
    fn write(&self, out: &mut String) {
        write_str(self, out);
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl ToJson for &str {
    fn write(&self, out: &mut String) {
        write_str(self, out);
    }
}

impl FromJson for bool {
    fn blank() -> Self {
        false
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        let Kind::Bool(it) = json.kind else { return Err("a boolean") };
        *self = it;
        Ok(())
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl ToJson for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }

    fn is_blank(&self) -> bool {
        !*self
    }
}

impl FromJson for u64 {
    fn blank() -> Self {
        0
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        *self = json.as_number().and_then(|it| it.parse().ok()).ok_or("a whole number")?;
        Ok(())
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl ToJson for u64 {
    fn write(&self, out: &mut String) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = *self;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        out.extend(digits[at..].iter().map(|it| char::from(*it)));
    }

    fn is_blank(&self) -> bool {
        *self == 0
    }
}

impl FromJson for u32 {
    fn blank() -> Self {
        0
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        *self = u64::from_json(json)?.try_into().map_err(|_| "a smaller number")?;
        Ok(())
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl ToJson for u32 {
    fn write(&self, out: &mut String) {
        u64::from(*self).write(out);
    }

    fn is_blank(&self) -> bool {
        *self == 0
    }
}

impl FromJson for usize {
    fn blank() -> Self {
        0
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        *self = u64::from_json(json)?.try_into().map_err(|_| "a smaller number")?;
        Ok(())
    }
}

impl ToJson for usize {
    fn write(&self, out: &mut String) {
        (*self as u64).write(out);
    }
}

impl FromJson for i64 {
    fn blank() -> Self {
        0
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        *self = json.as_number().and_then(|it| it.parse().ok()).ok_or("a whole number")?;
        Ok(())
    }
}

impl ToJson for i64 {
    fn write(&self, out: &mut String) {
        if *self < 0 {
            out.push('-');
        }
        self.unsigned_abs().write(out);
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn blank() -> Self {
        None
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        if json.is_null() { Ok(()) } else { self.insert(T::blank()).fill(json) }
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn is_blank(&self) -> bool {
        self.is_none()
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        for it in json.as_list().ok_or("an array")? {
            self.push(T::from_json(it)?);
        }
        Ok(())
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            value.write(out);
        }
        out.push(']');
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, out: &mut String) {
        self.as_slice().write(out);
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl<T: ToJson> ToJson for Box<T> {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
}

impl<T: ToJson> ToJson for Rc<T> {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }

    fn is_blank(&self) -> bool {
        (**self).is_blank()
    }
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
