//! The files under the store. Bytes are copied on their way: the host keeps them while it works.

use js_sys::{Promise, Uint8Array};
use tim_files::{FileError, Files};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::platform::{FileFailure, FilesObject};

/// The files of one user of one app.
pub struct HostFiles(pub(super) FilesObject);

async fn done(operation: Promise) -> Result<JsValue, FileError> {
    JsFuture::from(operation).await.map_err(|failure| {
        let failure: FileFailure = failure.unchecked_into();
        FileError { full: failure.full(), text: failure.text() }
    })
}

impl Files for HostFiles {
    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, FileError> {
        let content = done(self.0.read(name)).await?;
        // Not asked what it is: it may come from another realm.
        let exists = !content.is_undefined();
        Ok(exists.then(|| content.unchecked_into::<Uint8Array>().to_vec()))
    }

    async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        done(self.0.append(name, &Uint8Array::from(bytes))).await.map(drop)
    }

    async fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        done(self.0.replace(name, &Uint8Array::from(bytes))).await.map(drop)
    }

    async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        Ok(done(self.0.size(name)).await?.as_f64().map(|size| size as u64))
    }

    async fn remove(&self, name: &str) -> Result<(), FileError> {
        done(self.0.remove(name)).await.map(drop)
    }

    async fn clear(&self) -> Result<(), FileError> {
        done(self.0.clear()).await.map(drop)
    }
}
