// Babel as Taro's Vite build wants it.

module.exports = {
  presets: [['taro', { framework: 'react', ts: false, compiler: 'vite' }]],
};
