//! Frames, numbers and texts as bytes.
//!
//! A frame is its payload's length and CRC-32, four bytes each, the lower ones first, and the payload.
//! A number takes seven bits per byte, the lower ones first; a text is its length and UTF-8. Nothing
//! here knows what is written with it. Reading stands any bytes: what cannot be right is `None`.

/// What half a byte does to a CRC. A table for whole bytes is twice as fast and 1 KB that nothing
/// compresses.
const HALF_BYTES: [u32; 16] = {
    let mut table = [0; 16];
    let mut at = 0;
    while at < 16 {
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 4 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

/// The CRC-32 of zip and gzip.
fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = !0;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..2 {
            crc = crc >> 4 ^ HALF_BYTES[(crc & 15) as usize];
        }
    }
    !crc
}

/// Length and CRC.
const HEAD: usize = 8;

/// Begins a frame; its payload is what is written until [`end`] is given what this gives.
pub fn begin(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; HEAD]);
    out.len()
}

/// Ends a frame.
pub fn end(out: &mut [u8], payload: usize) {
    let length = (out.len() - payload) as u32;
    let crc = checksum(&out[payload..]);
    out[payload - 8..payload - 4].copy_from_slice(&length.to_le_bytes());
    out[payload - 4..payload].copy_from_slice(&crc.to_le_bytes());
}

/// The payload of a frame that was just made.
pub fn payload(frame: &[u8]) -> &[u8] {
    &frame[HEAD..]
}

/// Takes the payload of the first frame; `None` leaves `rest`, which is empty when all were taken.
pub fn frame<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let (crc, behind) = behind.split_first_chunk::<4>()?;
    let (payload, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    // Zeros, which some disks leave after a crash, would be an empty frame with its right CRC.
    if payload.is_empty() || checksum(payload) != u32::from_le_bytes(*crc) {
        return None;
    }
    *rest = behind;
    Some(payload)
}

/// Writes a number.
pub fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a text.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// What is left of a payload.
pub struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next number.
    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// The next text.
    pub fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_come_back() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
        let mut out = Vec::new();
        for number in numbers {
            put_number(&mut out, number);
            put_text(&mut out, "é😀");
        }
        let mut reader = Reader(&out);
        for number in numbers {
            assert_eq!(reader.number(), Some(number));
            assert_eq!(reader.text().as_deref(), Some("é😀"));
        }
        assert!(reader.is_empty());
        assert_eq!((reader.number(), reader.text()), (None, None));
    }

    #[test]
    fn the_checksum_is_that_of_everybody() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn a_frame_with_any_changed_bit_or_missing_byte_is_none() {
        let mut out = Vec::new();
        let payload = begin(&mut out);
        put_text(&mut out, "whole");
        end(&mut out, payload);
        let mut rest = out.as_slice();
        assert_eq!(frame(&mut rest), Some(&out[8..]));
        assert!(rest.is_empty());
        for bit in 0..out.len() * 8 {
            let mut changed = out.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(frame(&mut changed.as_slice()), None, "bit {bit}");
        }
        for length in 0..out.len() {
            assert_eq!(frame(&mut &out[..length]), None, "{length} bytes");
        }
        assert_eq!(frame(&mut [0; 64].as_slice()), None, "zeros");
    }

    #[test]
    fn what_cannot_be_right_is_refused_before_anything_is_made_for_it() {
        assert_eq!(Reader(&[0xff; 11]).number(), None);
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff, 0x0f, b'x']).text(), None);
        assert_eq!(Reader(&[1, 0xff]).text(), None);
    }
}
