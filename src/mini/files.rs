//! The files under the store. Bytes are copied on their way: the host keeps them while it works.
//!
//! A folder is one store's at a time: two would write over each other. The next one waits until the
//! one before is gone, which it is soon after its instance was destroyed.

use std::cell::RefCell;

use futures::future::{Either, select};
use js_sys::{Promise, Uint8Array};
use tim_engine::{
    line::{Line, Turn},
    store::StoreError,
};
use tim_files::{FileError, Files};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{
    platform::{FileFailure, FilesObject, Platform},
    program::sleep,
};

/// How long the store before may take to go.
const PATIENCE_MS: f64 = 5_000.0;

thread_local! {
    /// Every folder that was ever used, and who uses it.
    static FOLDERS: RefCell<Vec<(String, Line)>> = const { RefCell::new(Vec::new()) };
}

fn users_of(folder: &str) -> Line {
    FOLDERS.with_borrow_mut(|folders| {
        if let Some((_, users)) = folders.iter().find(|(name, _)| name == folder) {
            return users.clone();
        }
        let users = Line::default();
        folders.push((folder.to_owned(), users.clone()));
        users
    })
}

/// The files of one user of one app.
pub struct HostFiles {
    files: FilesObject,
    _only: Turn,
}

impl HostFiles {
    /// The files in a folder that nobody else uses.
    ///
    /// # Errors
    /// When somebody does not stop using it.
    pub async fn open(platform: Platform, folder: String) -> Result<Self, StoreError> {
        let late = Box::pin(sleep(platform.clone(), PATIENCE_MS));
        match select(users_of(&folder).turn(), late).await {
            Either::Left((only, _)) => Ok(Self { files: platform.files(&folder), _only: only }),
            Either::Right(_) => Err(StoreError::unusable("the files are still in use")),
        }
    }
}

async fn done(operation: Promise) -> Result<JsValue, FileError> {
    JsFuture::from(operation).await.map_err(|failure| {
        let failure: FileFailure = failure.unchecked_into();
        FileError { full: failure.full(), text: failure.text() }
    })
}

impl Files for HostFiles {
    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, FileError> {
        let content = done(self.files.read(name)).await?;
        // Not asked what it is: it may come from another realm.
        let exists = !content.is_undefined();
        Ok(exists.then(|| content.unchecked_into::<Uint8Array>().to_vec()))
    }

    async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        done(self.files.append(name, &Uint8Array::from(bytes))).await.map(drop)
    }

    async fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        done(self.files.replace(name, &Uint8Array::from(bytes))).await.map(drop)
    }

    async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        Ok(done(self.files.size(name)).await?.as_f64().map(|size| size as u64))
    }

    async fn remove(&self, name: &str) -> Result<(), FileError> {
        done(self.files.remove(name)).await.map(drop)
    }

    async fn clear(&self) -> Result<(), FileError> {
        done(self.files.clear()).await.map(drop)
    }
}
