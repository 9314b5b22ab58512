// Starts the page of the platform's team, which the operators' listener serves.
import '../styles/tokens.css';
import '../styles/base.css';
import { mount } from 'svelte';
import OperatorsApp from './OperatorsApp.svelte';

const target = document.getElementById('app');
if (target) mount(OperatorsApp, { target });

// A link opened in a tab that shows this page already changes only what stands behind the hash, which loads nothing.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#link=')) location.reload();
});
