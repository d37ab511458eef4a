/** Jest: swc transforms TypeScript and the few ESM-only packages; types are checked by tsc beside it. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(jose|pdfjs-dist)/)'],
  testTimeout: 120000,
  maxWorkers: 2,
};
