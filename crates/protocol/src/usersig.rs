//! UserSig: the credential a person logs in with, "version 2" of the published scheme.
//!
//! An app's own backend makes it from the app's secret key; the server verifies it. Existing
//! generators in any language work unchanged. The signed text is line-based, so an identifier with
//! a line break could speak for somebody else; [`UserId`] cannot hold one.
//!
//! Reading and judging are two steps because between them the caller looks up the app's keys.
//! Nothing here knows which apps or accounts exist, or how often somebody failed.

use std::fmt;

use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use hmac::{Hmac, KeyInit, Mac};
use miniz_oxide::{deflate::compress_to_vec_zlib, inflate::decompress_to_vec_zlib_with_limit};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{code::Code, ids::UserId, limits};

/// An app's secret. Used as the bytes of its text, also when it looks like hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    /// Takes the key as the operator sees it.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes())
            .expect("HMAC takes keys of every length");
        mac.update(text.as_bytes());
        mac
    }
}

/// Never shows the key: it must not reach a log.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

/// What a UserSig says about its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who may log in with it.
    pub user_id: String,
    /// At which app.
    pub sdk_app_id: u64,
    /// When it was made, Unix seconds.
    pub issued_s: u64,
    /// How long it holds, in seconds.
    pub lifetime_s: u64,
}

impl Claims {
    /// The first second in which it no longer holds.
    #[must_use]
    pub fn expires_s(&self) -> u64 {
        self.issued_s.saturating_add(self.lifetime_s)
    }

    fn signed_text(&self, buffer: Option<&str>) -> String {
        let Self { user_id, sdk_app_id, issued_s, lifetime_s } = self;
        let mut text = format!(
            "TLS.identifier:{user_id}\nTLS.sdkappid:{sdk_app_id}\nTLS.time:{issued_s}\n\
             TLS.expire:{lifetime_s}\n"
        );
        if let Some(buffer) = buffer {
            text.push_str(&format!("TLS.userbuf:{buffer}\n"));
        }
        text
    }
}

/// Why a UserSig was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadUserSig {
    /// Nothing there.
    Empty,
    /// Not a UserSig, cut off, or issued in the future.
    Malformed,
    /// The signature inside is not one.
    Signature,
    /// The app has no key to compare with.
    NoKey,
    /// Signed with something else.
    OtherKey,
    /// Made for another app.
    OtherApp,
    /// Made for another user.
    OtherUser,
    /// Its time is over.
    Expired,
}

impl BadUserSig {
    /// Every reason there is.
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::Malformed,
        Self::Signature,
        Self::NoKey,
        Self::OtherKey,
        Self::OtherApp,
        Self::OtherUser,
        Self::Expired,
    ];

    /// The number that says so on the wire.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::Empty => Code::USER_SIG_EMPTY,
            Self::Malformed => Code::USER_SIG_MALFORMED,
            Self::Signature => Code::USER_SIG_BAD_SIGNATURE,
            Self::NoKey => Code::USER_SIG_NO_KEY,
            Self::OtherKey => Code::USER_SIG_OTHER_KEY,
            Self::OtherApp => Code::USER_SIG_OTHER_APP,
            Self::OtherUser => Code::USER_SIG_OTHER_USER,
            Self::Expired => Code::USER_SIG_EXPIRED,
        }
    }
}

/// Makes a UserSig.
#[must_use]
pub fn sign(
    key: &SecretKey,
    sdk_app_id: u32,
    user_id: &UserId,
    issued_s: u64,
    lifetime_s: u64,
) -> String {
    let claims = Claims {
        user_id: user_id.to_string(),
        sdk_app_id: u64::from(sdk_app_id),
        issued_s,
        lifetime_s,
    };
    let signature = key.mac(&claims.signed_text(None)).finalize().into_bytes();
    let content = json!({
        "TLS.ver": "2.0",
        "TLS.identifier": claims.user_id,
        "TLS.sdkappid": claims.sdk_app_id,
        "TLS.time": issued_s,
        "TLS.expire": lifetime_s,
        "TLS.sig": STANDARD.encode(signature),
    });
    let packed = compress_to_vec_zlib(content.to_string().as_bytes(), 6);
    STANDARD.encode(packed).replace('+', "*").replace('/', "-").replace('=', "_")
}

/// A UserSig that was decoded and not judged yet.
#[derive(Debug)]
pub struct UserSig {
    claims: Claims,
    buffer: Option<String>,
    signature: Result<Vec<u8>, BadUserSig>,
}

/// Padding may be missing, and encoders disagree about the unused bits of the last character.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "TLS.ver")]
    version: String,
    #[serde(rename = "TLS.identifier")]
    identifier: String,
    #[serde(rename = "TLS.sdkappid")]
    sdk_app_id: Value,
    #[serde(rename = "TLS.time")]
    time: Value,
    #[serde(rename = "TLS.expire")]
    expire: Value,
    #[serde(rename = "TLS.userbuf")]
    buffer: Option<String>,
    #[serde(rename = "TLS.sig")]
    signature: Value,
}

/// A number, or its digits as older generators write them.
fn number(value: &Value) -> Result<u64, BadUserSig> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    };
    number.ok_or(BadUserSig::Malformed)
}

impl UserSig {
    /// Decodes the text of a UserSig.
    ///
    /// # Errors
    /// [`BadUserSig::Empty`] or [`BadUserSig::Malformed`].
    pub fn read(text: &str) -> Result<Self, BadUserSig> {
        if text.is_empty() {
            return Err(BadUserSig::Empty);
        }
        if text.len() > limits::USER_SIG_BYTES {
            return Err(BadUserSig::Malformed);
        }
        let base64 = text.replace('*', "+").replace('-', "/").replace('_', "=");
        let packed = LENIENT.decode(base64).map_err(|_| BadUserSig::Malformed)?;
        let json = decompress_to_vec_zlib_with_limit(&packed, limits::USER_SIG_INFLATED_BYTES)
            .map_err(|_| BadUserSig::Malformed)?;
        let content: Content = serde_json::from_slice(&json).map_err(|_| BadUserSig::Malformed)?;
        if content.version != "2.0" {
            return Err(BadUserSig::Malformed);
        }
        if let Some(buffer) = &content.buffer {
            STANDARD.decode(buffer).map_err(|_| BadUserSig::Malformed)?;
        }
        let signature = content.signature.as_str().ok_or(BadUserSig::Signature);
        Ok(Self {
            claims: Claims {
                user_id: content.identifier,
                sdk_app_id: number(&content.sdk_app_id)?,
                issued_s: number(&content.time)?,
                lifetime_s: number(&content.expire)?,
            },
            buffer: content.buffer,
            signature: signature
                .and_then(|it| STANDARD.decode(it).map_err(|_| BadUserSig::Signature))
                .and_then(|it| if it.len() == 32 { Ok(it) } else { Err(BadUserSig::Signature) }),
        })
    }

    /// Judges the UserSig for a login of `user_id` at `sdk_app_id`.
    ///
    /// Every key is compared, each in constant time, so that the time taken tells nothing.
    ///
    /// # Errors
    /// The first thing that is wrong with it: key, app, user, time.
    pub fn verify(
        self,
        keys: &[SecretKey],
        sdk_app_id: u32,
        user_id: &str,
        now_s: u64,
    ) -> Result<Claims, BadUserSig> {
        if keys.is_empty() {
            return Err(BadUserSig::NoKey);
        }
        let signature = self.signature?;
        let text = self.claims.signed_text(self.buffer.as_deref());
        let matches = |key: &SecretKey| key.mac(&text).verify_slice(&signature).is_ok();
        if keys.iter().filter(|key| matches(key)).count() == 0 {
            return Err(BadUserSig::OtherKey);
        }
        if self.claims.sdk_app_id != u64::from(sdk_app_id) {
            return Err(BadUserSig::OtherApp);
        }
        if self.claims.user_id != user_id {
            return Err(BadUserSig::OtherUser);
        }
        if self.claims.expires_s() <= now_s {
            return Err(BadUserSig::Expired);
        }
        if self.claims.issued_s > now_s.saturating_add(limits::USER_SIG_CLOCK_SKEW_S) {
            return Err(BadUserSig::Malformed);
        }
        Ok(self.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Case {
        name: String,
        user_sig: String,
        #[serde(rename = "SDKAppID")]
        sdk_app_id: u32,
        #[serde(rename = "userID")]
        user_id: String,
        keys: Vec<String>,
        now: u64,
        #[serde(default)]
        code: Code,
    }

    fn outcome(case: &Case) -> Code {
        let keys: Vec<_> = case.keys.iter().cloned().map(SecretKey::new).collect();
        UserSig::read(&case.user_sig)
            .and_then(|it| it.verify(&keys, case.sdk_app_id, &case.user_id, case.now))
            .map_or_else(BadUserSig::code, |_| Code::OK)
    }

    #[test]
    fn every_vector_has_its_outcome() {
        let valid: Vec<Case> =
            serde_json::from_str(include_str!("../vectors/valid/usersig.json")).unwrap();
        let invalid: Vec<Case> =
            serde_json::from_str(include_str!("../vectors/invalid/usersig.json")).unwrap();
        assert!(valid.iter().all(|case| case.code.is_ok()));
        assert!(invalid.iter().all(|case| !case.code.is_ok()));
        for case in valid.iter().chain(&invalid) {
            assert_eq!(outcome(case), case.code, "{}", case.name);
        }
    }

    #[test]
    fn the_vectors_show_every_reason() {
        let invalid: Vec<Case> =
            serde_json::from_str(include_str!("../vectors/invalid/usersig.json")).unwrap();
        for reason in BadUserSig::ALL {
            assert!(invalid.iter().any(|case| case.code == reason.code()), "{reason:?}");
        }
    }

    #[test]
    fn what_we_sign_we_accept_until_the_last_second() {
        let key = SecretKey::new("k".repeat(64));
        let user: UserId = "alice".parse().unwrap();
        let text = sign(&key, 1_400_000_001, &user, 1000, 60);
        let at = |now| {
            let keys = [SecretKey::new("other".to_owned()), key.clone()];
            UserSig::read(&text).unwrap().verify(&keys, 1_400_000_001, "alice", now)
        };
        assert_eq!(at(1059).unwrap().expires_s(), 1060);
        assert_eq!(at(1060), Err(BadUserSig::Expired));
        assert_eq!(at(700).unwrap().issued_s, 1000);
        assert_eq!(at(699), Err(BadUserSig::Malformed));
    }

    #[test]
    fn the_signature_is_that_of_the_published_scheme() {
        let key = SecretKey::new(
            "d6e3f0a1b2c344556677889900aabbccddeeff00112233445566778899aabbcc".to_owned(),
        );
        let text = sign(&key, 1_400_000_001, &"alice".parse().unwrap(), 1_700_000_000, 15_552_000);
        assert_eq!(
            UserSig::read(&text).unwrap().signature.unwrap(),
            STANDARD.decode("LW+b4T6lkVkRWkzMl9sypu1hY5zoxNP+IUrTIompV/E=").unwrap()
        );
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let bomb = STANDARD.encode(compress_to_vec_zlib(&vec![b' '; 1_000_000], 9));
        assert!(bomb.len() < limits::USER_SIG_BYTES);
        assert_eq!(UserSig::read(&bomb).unwrap_err(), BadUserSig::Malformed);
    }
}
