import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  publicDir: false,
  plugins: [react()],
  resolve: {
    alias: [
      {
        find: /^react-custom-scrollbars-2$/,
        replacement: fileURLToPath(new URL('src/scrollbars.ts', import.meta.url)),
      },
    ],
  },
  server: { fs: { allow: ['..', '../../dashboards'] } },
});
