//! Reading and writing the types that members are made of: texts, numbers, lists, options.

use std::rc::Rc;

use super::{Bad, FromJson, Json, ToJson, tree::Kind, write_str};

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
