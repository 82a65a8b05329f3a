//! The development app and the secret keys that the operator did not give: made once, kept beside
//! the database, readable by the owner only.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use tim_protocol::usersig::SecretKey;

/// First number of development apps; chosen at random above it, so that what a browser keeps of one
/// server is not mistaken for another's.
const FIRST_DEVELOPMENT_APP: u32 = 1_400_000_000;
const DEVELOPMENT_APPS: u32 = 99_999_999;

fn write_owner_only(file: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// Creates the folder when it is missing and makes sure it can be written.
pub(super) fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let probe = folder.join(format!(".writable-{}", std::process::id()));
    fs::write(&probe, "")?;
    fs::remove_file(probe)
}

/// Where the generated key of an app is kept.
pub(super) fn file(folder: &Path, sdk_app_id: u32) -> PathBuf {
    folder.join(format!("app-{sdk_app_id}.key"))
}

/// The generated key of an app.
pub(super) fn secret_key(folder: &Path, sdk_app_id: u32) -> io::Result<SecretKey> {
    let file = file(folder, sdk_app_id);
    match fs::read_to_string(&file) {
        Ok(text) if !text.trim().is_empty() => Ok(SecretKey::new(text.trim().to_owned())),
        Ok(_) => Err(io::Error::other(format!("{} is empty", file.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key: String = random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect();
            write_owner_only(&file, &format!("{key}\n"))?;
            Ok(SecretKey::new(key))
        }
        Err(error) => Err(error),
    }
}

/// The number of this folder's development app.
pub(super) fn development_app(folder: &Path) -> io::Result<u32> {
    let file = folder.join("development-app");
    match fs::read_to_string(&file) {
        Ok(text) => text
            .trim()
            .parse()
            .map_err(|_| io::Error::other(format!("{} does not hold a number", file.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let random = u32::from_le_bytes(random()?) % DEVELOPMENT_APPS;
            let sdk_app_id = FIRST_DEVELOPMENT_APP + 1 + random;
            write_owner_only(&file, &format!("{sdk_app_id}\n"))?;
            Ok(sdk_app_id)
        }
        Err(error) => Err(error),
    }
}
