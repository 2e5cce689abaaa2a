export default {
  compilerOptions: {
    runes: true,
    // Build elements one by one instead of through innerHTML, so that the page can forbid innerHTML.
    fragments: 'tree',
    // Class names from the content alone: the default takes the path of the file, which differs between machines; four signs tell a hundred parts apart.
    cssHash: ({ hash, css }) => `s${hash(css).slice(0, 4)}`,
  },
};
