//! Changes samples the way libFuzzer does, without its instrumentation: on every toolchain.
//!
//! An input is a sample with a few changes, each at random: a bit, a stretch, a word of the dictionary,
//! a part of another sample, brackets around it. It follows from its number alone.

use fastrand::Rng;

/// The longest input, so that a run of many stays short.
const LONGEST: usize = 8 * 1024;

/// Samples and words to change them with.
#[derive(Clone)]
pub struct Mutator {
    samples: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// Takes the samples, and the words from a dictionary of libFuzzer: one in quotes per line.
    pub fn new(samples: Vec<Vec<u8>>, dictionary: &[u8]) -> Self {
        let lines = dictionary.split(|it| *it == b'\n');
        let words: Vec<Vec<u8>> = lines.filter_map(word).collect();
        assert!(!words.is_empty(), "the dictionary has no words");
        Self { samples, words }
    }

    /// The mutation of that number.
    pub fn mutation(&self, number: u64) -> Vec<u8> {
        let rng = &mut Rng::with_seed(number);
        let mut bytes = self.sample(rng).to_vec();
        for _ in 0..rng.usize(1..=5) {
            self.change(&mut bytes, rng);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn sample(&self, rng: &mut Rng) -> &[u8] {
        &self.samples[rng.usize(..self.samples.len())]
    }

    fn change(&self, bytes: &mut Vec<u8>, rng: &mut Rng) {
        let start = rng.usize(..=bytes.len());
        let longest = rng.usize(..=24);
        let end = (start + rng.usize(..=longest)).min(bytes.len());
        let word = &self.words[rng.usize(..self.words.len())];
        match rng.u8(..9) {
            0 if start < bytes.len() => bytes[start] ^= 1 << rng.u8(..8),
            1 if start < bytes.len() => bytes[start] = rng.u8(..),
            2 => drop(bytes.drain(start..end)),
            3 => bytes.truncate(start),
            4 => drop(bytes.splice(start..start, word.iter().copied())),
            5 => drop(bytes.splice(start..end, word.iter().copied())),
            6 => {
                let again = bytes[start..end].repeat(rng.usize(1..40));
                drop(bytes.splice(start..start, again));
            }
            7 => {
                let other = self.sample(rng);
                let from = rng.usize(..=other.len());
                let to = rng.usize(from..=other.len());
                drop(bytes.splice(start..end, other[from..to].iter().copied()));
            }
            8 => {
                let depth = rng.usize(1..80);
                drop(bytes.splice(end..end, b"]".repeat(depth)));
                drop(bytes.splice(start..start, b"[".repeat(depth)));
            }
            _ => bytes.push(rng.u8(..)),
        }
    }
}

/// What stands between the quotes of a line; `\"` and `\\` are the only escapes.
fn word(line: &[u8]) -> Option<Vec<u8>> {
    let quoted = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut escaped = false;
    let mut word = quoted.to_vec();
    word.retain(|byte| {
        escaped = *byte == b'\\' && !escaped;
        !escaped
    });
    Some(word)
}

#[test]
fn mutations_differ_from_each_other_and_are_the_same_every_time() {
    let mutator =
        Mutator::new(vec![b"{\"id\":7}".to_vec()], b"# words\n\"\\\"do\\\":\"\n\"\\\\\"\n");
    assert_eq!(mutator.words, [b"\"do\":".to_vec(), b"\\".to_vec()]);
    let all: Vec<_> = (0..100).map(|it| mutator.mutation(it)).collect();
    assert_eq!(all, (0..100).map(|it| mutator.mutation(it)).collect::<Vec<_>>());
    assert!(all.iter().collect::<std::collections::BTreeSet<_>>().len() > 90);
}
