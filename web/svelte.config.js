export default {
  compilerOptions: {
    runes: true,
    // Build elements one by one instead of through innerHTML, so that the page can forbid innerHTML.
    fragments: 'tree',
    // Class names from the content alone: the default takes the path of the file, which differs between machines.
    cssHash: ({ hash, css }) => `g-${hash(css)}`,
  },
};
