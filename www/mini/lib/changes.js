// What `setData` needs to be told of a list: only the items that are different.
//
// Every call goes to the view as text, so a list that is handed over whole for each message costs
// more with each message. Pure; items are flat records.

/** The argument for `setData` that makes the list `name` from what it is into what it is to be. */
module.exports = function changes(name, before, after) {
  const shares = before.length > 0 && after.length >= before.length && before[0].id === after[0].id;
  if (!shares) return { [name]: after };
  const patch = {};
  after.forEach((item, index) => {
    if (!isSame(before[index], item)) patch[`${name}[${index}]`] = item;
  });
  return patch;
};

const isSame = (one, other) => one !== undefined && Object.keys(other).every((key) => one[key] === other[key]);
