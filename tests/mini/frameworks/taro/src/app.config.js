// What Taro makes app.json of: the program has one page.

export default {
  pages: ['pages/index/index'],
};
