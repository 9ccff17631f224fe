describe('a suite that fails', () => {
  it('says what it expected', () => {
    throw new Error('two is not three');
  });
  it('goes on', () => undefined);
});
