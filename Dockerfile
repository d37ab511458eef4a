# One image for every service of docker-compose.yml: the API and each worker run the same code.
# Node 22 on Debian: Temporal's core needs glibc, and Node 24 leaks discarded contexts (nodejs/node#66053).
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
# Fetches and builds what install scripts would have; then compiles to dist/ and bundles the workflows.
RUN node setup/build.mjs && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tini && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --uid 10001 medex \
 # A named volume takes owner and rights from the folder that it is mounted on.
 && install -d -o medex -g medex -m 700 /spool /keys
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build --chown=root:root /app/package.json /app/package-lock.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
COPY --from=build --chown=root:root /app/bin ./bin
COPY --from=build --chown=root:root /app/data ./data
COPY --from=build --chown=root:root /app/demo ./demo
COPY --from=build --chown=root:root /app/prisma ./prisma
COPY --from=build --chown=root:root /app/web ./web
COPY --from=build --chown=root:root /app/setup/parts.json ./setup/parts.json
USER medex
# SIGTERM reaches node, which lets what runs end.
ENTRYPOINT ["tini", "--", "node", "bin/medex.cjs"]
CMD ["--help"]
