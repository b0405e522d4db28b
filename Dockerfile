FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Install scripts are of no use to the compiler.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim
ENV NODE_ENV=production
# Inside a container loopback is out of reach; what is published is decided outside.
ENV LISTEN_ADDRESS=0.0.0.0:6749
WORKDIR /app
COPY package.json package-lock.json ./
# The demo's embedded PostgreSQL is optional and stays out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
# Read at run time, from where the sources keep it.
COPY src/config/presets ./src/config/presets
COPY src/store/migrations ./src/store/migrations
COPY src/pages/assets ./src/pages/assets
COPY --from=build /app/dist ./dist
# The journal of refreshes: mount a volume here, one per replica. A new volume takes over this owner.
ENV JOURNAL_DIR=/var/lib/oauth-token-exporter/journal
RUN install --directory --owner=node --group=node --mode=0700 "$JOURNAL_DIR"
USER node
EXPOSE 6749
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.LISTEN_ADDRESS.split(':').pop() + '/-/healthy').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The exec form: signals reach the exporter and not a shell. A young generation of 2 MB keeps the process
# small; smaller still, or --optimize-for-size, and collecting garbage takes more than all its work.
ENTRYPOINT ["node", "--max-semi-space-size=2", "dist/main.js"]
CMD ["serve"]
