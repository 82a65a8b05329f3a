// The simulated mini-program runtime itself: each limit that other tests rely on is checked here.
//
// The checks stand in runtime/checks, one file for each part of the runtime.

import './runtime/checks/context.js';
import './runtime/checks/wasm.js';
import './runtime/checks/profiles.js';
import './runtime/checks/sockets.js';
import './runtime/checks/files.js';
import './runtime/checks/storage.js';
import './runtime/checks/requests.js';
import './runtime/checks/host.js';
import './runtime/checks/life.js';
