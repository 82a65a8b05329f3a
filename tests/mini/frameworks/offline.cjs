// Loaded first into a foreign build tool and every process and thread that it starts (isolation.js):
// connections fail, on machines with a network as on those without.

const net = require('node:net');

net.Socket.prototype.connect = function () {
  // Later, as a real failure would: now nobody listens for it yet.
  setImmediate(() => this.destroy(new Error('no network in this check')));
  return this;
};
