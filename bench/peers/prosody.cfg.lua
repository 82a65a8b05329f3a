-- Prosody as its package configures it, with archives and without what stands in the way of a
-- measurement. `@FOLDER@` and `@PORT@` are filled in.

data_path = "@FOLDER@/data"
pidfile = "@FOLDER@/prosody.pid"
-- Nothing is encrypted here, but without a folder to look into it complains.
certificates = "@FOLDER@"

interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }

-- The package's list, and archives. Left out: TLS and what reaches other servers, which nobody here
-- uses; the limit of 10 KB per second; administration and invitations.
modules_enabled = {
  "disco", "roster", "saslauth",
  "blocklist", "bookmarks", "carbons", "pep", "private", "smacks", "vcard4", "vcard_legacy",
  "csi_simple", "ping", "register", "time", "uptime", "version",
  "mam", "posix",
}
modules_disabled = { "tls", "s2s" }

-- Its own files, which is what it does unless told otherwise.
storage = "internal"
default_archive_policy = true
archive_expires_after = "1w"

-- Accounts are made in bulk, so their passwords are not hashed. Nobody logs in while something is
-- measured, except where connections are counted, and there by kilobytes.
authentication = "internal_plain"
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true

log = { { levels = { min = "warn" }, to = "console" } }

VirtualHost "localhost"
