//! Nothing the rig started outlives its handle, a panic or the test program.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tim_rig::process::{Farewell, Process, Program, Signal};
use tim_rig::tree;

/// Set in the copy of this program that is killed.
const COPY: &str = "TIM_RIG_COPY";

/// A shell that has started a second process; both ignore polite requests.
fn stubborn() -> (Process, tempfile::TempDir) {
    let (process, folder) = shell("trap '' INT TERM; sleep 600 & wait; sleep 600");
    let started = Instant::now();
    while tree::members(process.pid()).len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    (process, folder)
}

fn shell(script: &str) -> (Process, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let program = Program::new("/bin/sh".as_ref(), Farewell::Kill).args(["-c", script]);
    (program.start(&log, &log).unwrap(), folder)
}

#[test]
fn a_dropped_handle_ends_the_whole_family() {
    let (process, _folder) = stubborn();
    let family = tree::members(process.pid());
    assert_eq!(family.len(), 2);
    drop(process);
    assert!(family.iter().all(|pid| tree::has_ended(*pid)));
}

#[test]
fn a_panic_ends_it_even_when_it_is_paused() {
    let (process, _folder) = stubborn();
    let family = tree::members(process.pid());
    process.pause().unwrap();
    assert!(family.iter().all(|pid| tree::is_stopped(*pid)));
    let panicked = std::thread::spawn(move || {
        let _held = process;
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    assert!(family.iter().all(|pid| tree::has_ended(*pid)));
}

#[tokio::test]
async fn what_does_not_end_in_time_is_named() {
    let (mut process, _folder) = stubborn();
    let problem = process.end(Signal::TERM, Duration::from_millis(100)).await.unwrap_err();
    assert!(problem.to_string().contains("sh did not end"), "{problem}");
    process.kill().unwrap();
    assert!(process.try_wait().unwrap().is_some());
    assert!(process.signal(Signal::TERM).is_err());
}

#[test]
fn it_ends_with_a_test_program_that_is_killed() {
    const NAME: &str = "it_ends_with_a_test_program_that_is_killed";
    if std::env::var_os(COPY).is_some() {
        let (process, folder) = shell("echo up; exec sleep 600");
        // Only what is up has asked the kernel for its farewell.
        while std::fs::read_to_string(folder.path().join("log")).unwrap() != "up\n" {}
        #[expect(clippy::print_stdout, reason = "the original reads it")]
        {
            println!("\npid {}", process.pid());
        }
        std::thread::park();
    }
    let mut copy = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(COPY, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(copy.stdout.take().unwrap()).lines().map_while(Result::ok);
    let pid: u32 = lines.find_map(|it| it.strip_prefix("pid ")?.parse().ok()).unwrap();
    assert!(!tree::has_ended(pid));
    copy.kill().unwrap();
    copy.wait().unwrap();
    let killed = Instant::now();
    while !tree::has_ended(pid) {
        assert!(killed.elapsed() < Duration::from_secs(5), "it lives on");
    }
}
