// What Taro makes the page's JSON file of: its title.

export default {
  navigationBarTitleText: 'tim-wasm',
};
