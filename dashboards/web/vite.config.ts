// How the browser applications are built. Nothing the product does belongs here.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { fakeServer } from './dev/fake-server.ts';

// With CABINET_URL (the base_url of `cabinet demo`), `npm run dev` speaks to the real server; without, to the stand-in under dev/.
const target = process.env['CABINET_URL'];

export default defineConfig(({ command, isPreview }) => ({
  plugins: [svelte(), ...((command === 'serve' || isPreview) && !target && !process.env['VITEST'] ? [fakeServer()] : [])],
  build: {
    // A page for everybody and one for the platform's team, hashed assets, no inline script: `script-src 'self'` and `style-src 'self'` hold.
    rollupOptions: { input: ['index.html', 'operators.html'] },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 400,
  },
  server: target
    ? { proxy: { '/api': { target, secure: false }, '/ws': { target, ws: true, secure: false }, '/live': { target, ws: true, secure: false } } }
    : {},
  // `vite preview` shows the built pages under the policy that the server sends.
  preview: {
    headers: { 'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'" },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
}));
