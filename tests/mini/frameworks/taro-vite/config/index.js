// Taro's configuration. `copy` is what an application adds for tim-wasm: it brings the wasm into the
// code package, to one of the places where the SDK looks for it.

module.exports = {
  projectName: 'tim-wasm-mini-taro-vite',
  designWidth: 750,
  deviceRatio: { 750: 1 },
  sourceRoot: 'src',
  outputRoot: 'dist',
  framework: 'react',
  compiler: 'vite',
  copy: {
    patterns: [
      {
        from: 'node_modules/tim-wasm/miniprogram_dist/tim_wasm.wasm.br',
        to: 'dist/static/tim-wasm/tim_wasm.wasm.br',
      },
    ],
    options: {},
  },
  mini: {},
};
