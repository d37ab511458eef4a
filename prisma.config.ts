import { defineConfig } from 'prisma/config';

/** Settings of the Prisma command line. The running product never reads this file: see prisma/client.ts. */
export default defineConfig({
  schema: 'prisma/schema',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://medex@127.0.0.1:5432/medex' },
});
