// Babel as Taro's webpack build wants it.

module.exports = {
  presets: [['taro', { framework: 'react', ts: false }]],
};
