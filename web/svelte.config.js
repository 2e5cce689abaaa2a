// Every style that has a class name, by that name.
const named = new Map();

/** Four signs of the content's hash; two styles may not share a name. */
function cssHash({ hash, css }) {
  const name = `s${hash(css).slice(0, 4)}`;
  if ((named.get(name) ?? css) !== css) throw new Error(`two styles share the class name ${name}: take five signs of the hash`);
  named.set(name, css);
  return name;
}

export default {
  compilerOptions: {
    runes: true,
    // Build elements one by one instead of through innerHTML, so that the page can forbid innerHTML.
    fragments: 'tree',
    // Class names from the content alone: the default takes the path of the file, which differs between machines; four signs tell a hundred parts apart.
    cssHash,
  },
};
