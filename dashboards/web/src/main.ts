// Starts the one page that every address serves.
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';

const target = document.getElementById('app');
if (target) mount(App, { target });

// A link opened in a tab that shows this page already changes only what stands behind the hash, which loads nothing.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#link=') || location.pathname === '/rdv') location.reload();
});
