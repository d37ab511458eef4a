/** Jest: swc transforms TypeScript and the few ESM-only packages; types are checked by tsc beside it. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/tests/support/global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [
    '/node_modules/(?!(jose|asn1js|pkijs|@peculiar|@noble|bytestreamjs|pdfjs-dist|@prisma/schema-engine-wasm)/)',
  ],
  testTimeout: 120000,
  maxWorkers: 2,
};
