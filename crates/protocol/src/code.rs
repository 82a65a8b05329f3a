//! Error numbers of the API: the part of an error that programs compare.
//!
//! One table holds number, name and a sentence; the constants and the lookup are made from it.
//! Numbers are those of the public reference (specification 90–92); texts are ours and are no
//! contract. Codes a client meets and this table does not know are passed on unchanged.

use serde::{Deserialize, Serialize};

use crate::json::{Bad, FromJson, Json, ToJson};

/// An error number; 0 is success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub u32);

impl Code {
    /// Success.
    pub const OK: Self = Self(0);

    /// Whether this is success.
    #[must_use]
    pub fn is_ok(self) -> bool {
        self == Self::OK
    }
}

impl FromJson for Code {
    fn blank() -> Self {
        Self::OK
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        self.0.fill(json)
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl ToJson for Code {
    fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}

macro_rules! codes {
    ($($number:literal $name:ident $text:literal,)*) => {
        impl Code {
            $(#[doc = $text] pub const $name: Self = Self($number);)*

            /// What the number means, as a fragment that can follow the name of a call.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self.0 {
                    0 => "ok",
                    $($number => $text,)*
                    _ => "refused by the server",
                }
            }
        }

        /// Every code of the table with its name.
        pub const ALL: &[(Code, &str)] = &[$((Code::$name, stringify!($name)),)*];
    };
}

codes! {
    2000 NO_SDKAPPID "SDKAppID missing or not a number",
    2002 NO_IDENTIFIER "userID required",
    2003 NO_USERSIG "userSig required",
    2024 USER_NOT_LOGGED_IN "nobody is logged in",
    2025 REPEAT_LOGIN "a login is already running",
    2105 NEED_MESSAGE_INSTANCE "message instance required",
    2106 INVALID_CONVERSATION_TYPE "conversationType not allowed here",
    2113 MESSAGE_CONTROL_INFO_FAIL "onlineUserOnly cannot be combined with messageControlInfo",
    2500 CONVERSATION_NOT_FOUND "no such conversation",
    2501 CONVERSATION_TARGET_NOT_FOUND "the user or group of this conversation does not exist",
    2502 CONVERSATION_UN_RECORDED_TYPE "this kind of conversation is not served by this call",
    2721 INVALID_PROFILE_FIELD "a profile field is unknown, of a wrong type or over its limit",
    2722 EMPTY_PROFILE_CUSTOM_FIELD "profileCustomField is empty",
    2800 NETWORK_ERROR "the connection failed",
    2801 NETWORK_TIMEOUT "no answer in time",
    2802 NO_SERVER_ADDRESS "no server address: give proxyServer, a global TIM_SERVER or a meta tag tim-server",
    2805 NO_NETWORK "not sent: there is no connection",
    2903 UNCAUGHT_ERROR "unexpected internal failure",
    2905 INVALID_OPERATION "not possible in the present state",
    2996 OVER_FREQUENCY_LIMIT "called too often",
    2997 CANNOT_FIND_PROTOCOL "the server does not know this call",
    2998 CANNOT_FIND_MODULE "the WebAssembly module could not be loaded",
    2999 SDK_IS_NOT_READY "the first synchronisation is not finished: wait for SDK_READY",
    3000 LOGGING_IN "login in progress: wait for SDK_READY",
    6017 INVALID_PARAMETERS "invalid parameter",
    6019 DATABASE_OPERATE_FAILED "the local database cannot be used",
    7003 INVALID_USERID "userID must be 1 to 32 printable ASCII characters without a reserved prefix",
    10010 GROUP_NOT_FOUND "no such group",
    20001 MALFORMED_MESSAGE "malformed message, or its ID belongs to another message",
    20003 UNKNOWN_ACCOUNT "no such user",
    20005 MESSAGE_INTERNAL "internal error of the message service",
    20012 SENDER_MUTED "the sender is muted",
    40008 PROFILE_FIELD_NOT_WRITABLE "this profile field may not be written by users",
    40601 PROFILE_FIELD_TOO_LONG "a profile field is over its limit",
    40605 PROFILE_FIELD_BAD_VALUE "a profile field has a value outside its set",
    40610 PROFILE_FIELD_BAD_TYPE "a profile field is of a wrong type",
    70001 USER_SIG_EXPIRED "the UserSig has expired",
    70002 USER_SIG_EMPTY "the UserSig is empty",
    70003 USER_SIG_MALFORMED "the UserSig cannot be decoded",
    70005 USER_SIG_BAD_SIGNATURE "the signature inside the UserSig is malformed",
    70009 USER_SIG_OTHER_KEY "the UserSig was made with another key",
    70013 USER_SIG_OTHER_USER "the UserSig belongs to another user",
    70014 USER_SIG_OTHER_APP "the UserSig belongs to another SDKAppID",
    70016 USER_SIG_NO_KEY "the app has no key",
    70020 UNKNOWN_APP "no such SDKAppID on this server",
    70050 TOO_MANY_FAILED_LOGINS "too many failed logins: wait a minute",
    70051 ACCOUNT_BANNED "the account is banned",
    70052 USER_SIG_REVOKED "the UserSig was invalidated by the administrator",
    70107 ACCOUNT_NOT_FOUND "the account does not exist",
    70398 ACCOUNT_LIMIT "the app has reached its number of accounts",
    70402 MALFORMED_REQUEST "malformed request",
    70500 INTERNAL "internal error of the server",
    80002 MESSAGE_TOO_LONG "the message body is over its limit",
    91101 INSTANCE_KICKED "this instance was logged out by another login",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_number_and_a_text() {
        let mut seen = std::collections::HashSet::new();
        for (code, name) in ALL {
            assert!(seen.insert(code.0), "{name} is there twice");
            assert_ne!(code.text(), Code(1).text(), "{name}");
        }
    }
}
