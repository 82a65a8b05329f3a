//! Files to test with: in memory, with everything that can happen to them, and real ones.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs, io,
    path::PathBuf,
    rc::Rc,
};

use tim_files::{FileError, Files};

/// Files in memory. Clones share their content, like two starts share a disk.
#[derive(Clone, Default)]
pub struct MemoryFiles(Rc<Disk>);

/// What is on the disk and what is going to happen.
#[derive(Default)]
pub struct Disk {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    /// What was asked for, by its first letter and name.
    pub calls: RefCell<Vec<(char, String)>>,
    /// Operations that change something until the program is killed in the middle of one.
    pub kill_in: Cell<Option<u32>>,
    /// How much there is room for, in bytes.
    pub room: Cell<Option<usize>>,
    /// Operations until one fails for no reason, half-way where it may.
    pub fail_in: Cell<Option<u32>>,
    /// Files whose names begin like this cannot be written.
    pub refused: Cell<Option<&'static str>>,
    /// Every operation waits one turn.
    pub slow: Cell<bool>,
}

impl std::ops::Deref for MemoryFiles {
    type Target = Disk;

    fn deref(&self) -> &Disk {
        &self.0
    }
}

/// What becomes of an operation.
enum Fate {
    Done,
    Fails,
    Killed,
}

fn error(full: bool) -> FileError {
    FileError { full, text: if full { "no room" } else { "no luck" }.to_owned() }
}

fn counted(counter: &Cell<Option<u32>>) -> bool {
    match counter.get() {
        None => false,
        Some(0) => {
            counter.set(None);
            true
        }
        Some(left) => {
            counter.set(Some(left - 1));
            false
        }
    }
}

impl MemoryFiles {
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        self.files.borrow().get(name).cloned()
    }

    pub fn put(&self, name: &str, content: Option<Vec<u8>>) {
        match content {
            Some(content) => self.files.borrow_mut().insert(name.to_owned(), content),
            None => self.files.borrow_mut().remove(name),
        };
    }

    pub fn names(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }

    pub fn bytes(&self) -> usize {
        self.files.borrow().values().map(Vec::len).sum()
    }

    pub fn copy(&self) -> Self {
        let copy = Self::default();
        *copy.files.borrow_mut() = self.files.borrow().clone();
        copy
    }

    async fn asked(&self, call: char, name: &str) -> Fate {
        let well_named = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        assert!(name.bytes().all(well_named), "{name} is no name");
        self.calls.borrow_mut().push((call, name.to_owned()));
        if self.slow.get() {
            let mut waited = false;
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut waited, true) {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
        }
        if "arx".contains(call) && counted(&self.kill_in) {
            return Fate::Killed;
        }
        let is_refused = call != 'g' && self.refused.get().is_some_and(|it| name.starts_with(it));
        if is_refused || counted(&self.fail_in) { Fate::Fails } else { Fate::Done }
    }

    fn has_room(&self, more: usize) -> bool {
        self.room.get().is_none_or(|room| self.bytes() + more <= room)
    }

    fn add(&self, name: &str, bytes: &[u8]) {
        self.files.borrow_mut().entry(name.to_owned()).or_default().extend(bytes);
    }
}

/// The program is killed: what it was doing never ends.
async fn never<T>() -> T {
    std::future::pending().await
}

impl Files for MemoryFiles {
    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, FileError> {
        match self.asked('g', name).await {
            Fate::Fails => Err(error(false)),
            _ => Ok(self.content(name)),
        }
    }

    async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        // As much as was on its way when it stopped; sometimes everything.
        let half = if bytes.len().is_multiple_of(5) { bytes.len() } else { bytes.len() * 2 / 3 };
        match self.asked('a', name).await {
            Fate::Killed => {
                self.add(name, &bytes[..half]);
                never().await
            }
            Fate::Fails => {
                self.add(name, &bytes[..half]);
                Err(error(false))
            }
            Fate::Done if self.has_room(bytes.len()) => {
                self.add(name, bytes);
                Ok(())
            }
            Fate::Done => {
                let room = self.room.get().unwrap_or_default().saturating_sub(self.bytes());
                self.add(name, &bytes[..room.min(bytes.len())]);
                Err(error(true))
            }
        }
    }

    async fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        match self.asked('r', name).await {
            // Killed before or after it was done: every other time.
            Fate::Killed => {
                if bytes.len().is_multiple_of(2) {
                    self.put(name, Some(bytes.to_vec()));
                }
                never().await
            }
            Fate::Fails => {
                if bytes.len().is_multiple_of(2) {
                    self.put(name, Some(bytes.to_vec()));
                }
                Err(error(false))
            }
            // The old content stays until the new one is whole.
            Fate::Done if self.has_room(bytes.len()) => {
                self.put(name, Some(bytes.to_vec()));
                Ok(())
            }
            Fate::Done => Err(error(true)),
        }
    }

    async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        match self.asked('s', name).await {
            Fate::Fails => Err(error(false)),
            _ => Ok(self.content(name).map(|it| it.len() as u64)),
        }
    }

    async fn remove(&self, name: &str) -> Result<(), FileError> {
        match self.asked('x', name).await {
            Fate::Killed => never().await,
            Fate::Fails => Err(error(false)),
            Fate::Done => {
                self.put(name, None);
                Ok(())
            }
        }
    }

    async fn clear(&self) -> Result<(), FileError> {
        match self.asked('x', "").await {
            Fate::Killed => never().await,
            Fate::Fails => Err(error(false)),
            Fate::Done => {
                self.files.borrow_mut().clear();
                Ok(())
            }
        }
    }
}

/// Real files in a folder of their own, removed with the last clone.
#[derive(Clone)]
pub struct RealFiles(Rc<Folder>);

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl RealFiles {
    pub fn new() -> Self {
        thread_local!(static COUNT: Cell<u32> = const { Cell::new(0) });
        let count = COUNT.replace(COUNT.get() + 1);
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default().replace("::", "-");
        let name = format!("tim-files-{}-{name}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for the test");
        Self(Rc::new(Folder(folder)))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.0.join(name)
    }
}

fn found<T>(result: io::Result<T>) -> Result<Option<T>, FileError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => done(result).map(Some),
    }
}

fn done<T>(result: io::Result<T>) -> Result<T, FileError> {
    result.map_err(|it| FileError { full: false, text: it.to_string() })
}

impl Files for RealFiles {
    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, FileError> {
        found(fs::read(self.path(name)))
    }

    async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let file = fs::OpenOptions::new().create(true).append(true).open(self.path(name));
        done(file.and_then(|mut it| io::Write::write_all(&mut it, bytes)))
    }

    async fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let draft = self.path("draft.tmp");
        done(fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, self.path(name))))
    }

    async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        Ok(found(fs::metadata(self.path(name)))?.map(|it| it.len()))
    }

    async fn remove(&self, name: &str) -> Result<(), FileError> {
        found(fs::remove_file(self.path(name))).map(drop)
    }

    async fn clear(&self) -> Result<(), FileError> {
        for entry in done(fs::read_dir(&self.0.0))? {
            done(entry.and_then(|it| fs::remove_file(it.path())))?;
        }
        Ok(())
    }
}
