//! Login credentials: reading one is bounded, and nobody makes one without the key.
//!
//! A UserSig is JSON in zlib in base64, and changing its text at random never gets past the first
//! layer. So the first byte says which layer the rest is:
//!
//! | byte | the rest is |
//! |---|---|
//! | `z` | a zlib stream |
//! | `j` | the JSON inside |
//! | `s` | a userID to sign for |
//! | another | the whole is the text itself |

use base64::{Engine, engine::general_purpose::STANDARD};
use miniz_oxide::deflate::compress_to_vec_zlib;
use tim_protocol::{
    ids::UserId,
    limits,
    usersig::{BadUserSig, Claims, SecretKey, UserSig, sign},
};

/// The app and the moment of the samples in the corpus.
const APP: u32 = 1_400_000_001;
const NOW_S: u64 = 1_700_000_100;
/// The key the samples are signed with, and one that nothing is signed with.
const KEY: &str = "d6e3f0a1b2c344556677889900aabbccddeeff00112233445566778899aabbcc";
const OTHER_KEY: &str = "nothing in the corpus is signed with this";

/// The target `usersig`.
pub fn usersig(bytes: &[u8]) {
    match bytes {
        [b'z', stream @ ..] => judge(&STANDARD.encode(stream)),
        [b'j', json @ ..] => judge(&STANDARD.encode(compress_to_vec_zlib(json, 1))),
        [b's', user @ ..] => {
            let user = std::str::from_utf8(user).ok().and_then(|it| it.parse().ok());
            user.iter().for_each(signed);
        }
        _ => std::str::from_utf8(bytes).iter().for_each(|text| judge(text)),
    }
}

/// What is accepted is what was asked for, and only with the key.
fn judge(text: &str) {
    let Ok(claims) = verified(text, KEY, "alice") else {
        assert!(verified(text, OTHER_KEY, "alice").is_err(), "{text}");
        return;
    };
    assert!(text.len() <= limits::USER_SIG_BYTES);
    assert_eq!((claims.user_id.as_str(), claims.sdk_app_id), ("alice", u64::from(APP)));
    assert!(claims.expires_s() > NOW_S, "{claims:?}");
    assert!(claims.issued_s <= NOW_S + limits::USER_SIG_CLOCK_SKEW_S, "{claims:?}");
    assert_eq!(verified(text, OTHER_KEY, "alice"), Err(BadUserSig::OtherKey));
    assert_eq!(verified(text, KEY, "bob"), Err(BadUserSig::OtherUser));
}

/// What is signed for a user is accepted for that user.
fn signed(user: &UserId) {
    let text = sign(&SecretKey::new(KEY.to_owned()), APP, user, NOW_S, 1);
    assert!(text.len() <= limits::USER_SIG_BYTES, "{text}");
    let claims = verified(&text, KEY, user.as_str()).expect("signed just now");
    assert_eq!((&*claims.user_id, claims.issued_s), (user.as_str(), NOW_S));
    assert_eq!(verified(&text, OTHER_KEY, user.as_str()), Err(BadUserSig::OtherKey));
}

fn verified(text: &str, key: &str, user: &str) -> Result<Claims, BadUserSig> {
    let key = SecretKey::new(key.to_owned());
    UserSig::read(text)?.verify(&[key], APP, user, NOW_S)
}
