//! The short run of all targets: everything in the corpus, then a fixed number of its mutations.
//!
//! The inputs follow from one number and are the same in every run; another number is given by
//! `TIM_FUZZ_SEED`, another count by `TIM_FUZZ_MUTATIONS`. Whatever fails is written to a file whose name
//! is printed; once mended, it is kept in the corpus. Besides keeping their promises, targets must be
//! quick and frugal with every input: both are measured here, as only the caller can.

mod mutator;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{RecvTimeoutError, sync_channel},
    },
    thread,
    time::Duration,
};

use mutator::Mutator;
use peak_alloc::PeakAlloc;
use tim_fuzz_targets::{TARGETS, Target};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The heap is everybody's, so targets are measured one after the other.
static TURN: Mutex<()> = Mutex::new(());

/// Mutations of each target's corpus.
const MUTATIONS: u64 = 20_000;
/// An input that takes longer hangs, however busy the machine is.
const LONGEST: Duration = Duration::from_secs(30);
/// What an input may take of the heap at once: so much, half of it for the zlib compressor that some
/// targets use, and so much for each of its bytes.
const HEAP_BYTES: usize = 512 * 1024;
const HEAP_BYTES_PER_BYTE: usize = 128;

#[test]
fn request_holds_for_the_corpus_and_its_mutations() {
    replay("request");
}

#[test]
fn answer_holds_for_the_corpus_and_its_mutations() {
    replay("answer");
}

#[test]
fn usersig_holds_for_the_corpus_and_its_mutations() {
    replay("usersig");
}

#[test]
fn cursor_holds_for_the_corpus_and_its_mutations() {
    replay("cursor");
}

#[test]
fn every_target_has_its_program_and_its_corpus() {
    let programs: Vec<String> = names(&fuzz().join("fuzz_targets"));
    let expected: Vec<String> = TARGETS.iter().map(|it| format!("{}.rs", it.name)).collect();
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(programs), sorted(expected));
    let folders = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    assert_eq!(sorted(names(&fuzz().join("corpus"))), sorted(folders));
}

fn replay(name: &'static str) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let target = *TARGETS.iter().find(|it| it.name == name).expect("a target of that name");
    let (seed, mutations) = (number("TIM_FUZZ_SEED", 1), number("TIM_FUZZ_MUTATIONS", MUTATIONS));
    let (files, corpus): (Vec<PathBuf>, Vec<Vec<u8>>) = corpus(name).into_iter().unzip();
    assert!(!corpus.is_empty(), "the corpus of {name} is empty");
    let mutator = Mutator::new(corpus.clone(), &fs::read(fuzz().join("words.dict")).unwrap());

    let input = move |at: usize| match corpus.get(at) {
        Some(sample) => sample.clone(),
        None => mutator.mutation(seed ^ (at as u64) << 32),
    };
    let count = files.len() + usize::try_from(mutations).expect("few mutations");
    // Of a thread of its own one can tell that it hangs. The channel tells how far it has come.
    let (progress, seen) = sync_channel(1);
    let worker = thread::spawn({
        let input = input.clone();
        move || {
            for at in 0..count {
                let bytes = input(at);
                progress.send(at).expect("the test waits for the end");
                measured(target, &bytes);
            }
        }
    });
    let mut last = 0;
    let hangs = loop {
        match seen.recv_timeout(LONGEST) {
            Ok(at) => last = at,
            Err(RecvTimeoutError::Disconnected) => break false,
            Err(RecvTimeoutError::Timeout) => break true,
        }
    };
    if hangs || worker.join().is_err() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-failing-input"));
        fs::write(&file, input(last)).unwrap();
        let from = files.get(last).map_or_else(
            || format!("mutation {} of seed {seed}", last - files.len()),
            |it| it.display().to_string(),
        );
        let what = if hangs { "hangs" } else { "fails, see above" };
        panic!("{name} {what} with {from}; the input is in {}", file.display());
    }
}

fn measured(target: Target, bytes: &[u8]) {
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    (target.run)(bytes);
    let taken = HEAP.peak_usage().saturating_sub(before);
    let most = HEAP_BYTES + HEAP_BYTES_PER_BYTE * bytes.len();
    assert!(taken <= most, "{} bytes took {taken} bytes of the heap", bytes.len());
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = fuzz().join("corpus").join(name);
    let mut names = names(&folder);
    // The order of a directory differs between machines.
    names.sort();
    let read = |name| {
        let file = folder.join(name);
        let bytes = fs::read(&file).unwrap();
        (file, bytes)
    };
    names.iter().map(read).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |it| {
        it.parse().unwrap_or_else(|_| panic!("{variable} is no number: {it}"))
    })
}
