// Which screen an address means. Pure; the browser's history is the shell's affair.

const DOCUMENTS = ['terms', 'processing', 'policy'] as const;
export type DocumentName = (typeof DOCUMENTS)[number];

export type Route =
  | { screen: 'home' }
  | { screen: 'practice'; practice: string }
  | { screen: 'booking'; practice: string; practitioner: string }
  | { screen: 'manage'; practice: string; practitioner: string; booking: string }
  | { screen: 'waiting'; practice: string; practitioner: string; entry: string }
  | { screen: 'visit'; practice: string }
  | { screen: 'link' }
  | { screen: 'agenda' }
  | { screen: 'settings' }
  | { screen: 'team' }
  | { screen: 'security' }
  | { screen: 'audit' }
  | { screen: 'alerts' }
  | { screen: 'patients' }
  | { screen: 'sign-up' }
  | { screen: 'document'; name: DocumentName }
  | { screen: 'legal' }
  | { screen: 'unknown' };

export function routeOf(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '').map(decode);
  const [first, practice, practitioner, word, booking] = parts;
  if (parts.length === 0) return { screen: 'home' };
  if (first === 'mentions-legales' && parts.length === 1) return { screen: 'legal' };
  if (first === 'inscription' && parts.length === 1) return { screen: 'sign-up' };
  if (first === 'rdv' && parts.length === 1) return { screen: 'link' };
  if (first === 'mes-rendez-vous' && practice && parts.length === 2) return { screen: 'visit', practice };
  const document = DOCUMENTS.find((name) => name === practice);
  if (first === 'documents' && document && parts.length === 2) return { screen: 'document', name: document };
  if (first === 'agenda' && parts.length === 1) return { screen: 'agenda' };
  if (first === 'agenda' && practice === 'reglages' && parts.length === 2) return { screen: 'settings' };
  if (first === 'agenda' && practice === 'equipe' && parts.length === 2) return { screen: 'team' };
  if (first === 'agenda' && practice === 'journal' && parts.length === 2) return { screen: 'audit' };
  if (first === 'agenda' && practice === 'alertes' && parts.length === 2) return { screen: 'alerts' };
  if (first === 'agenda' && practice === 'patients' && parts.length === 2) return { screen: 'patients' };
  if (first === 'agenda' && practice === 'securite' && parts.length === 2) return { screen: 'security' };
  if (first === 'p' && practice) {
    if (parts.length === 2) return { screen: 'practice', practice };
    if (practitioner && parts.length === 3) return { screen: 'booking', practice, practitioner };
    if (practitioner && word === 'rdv' && booking && parts.length === 5) return { screen: 'manage', practice, practitioner, booking };
    if (practitioner && word === 'attente' && booking && parts.length === 5) return { screen: 'waiting', practice, practitioner, entry: booking };
  }
  return { screen: 'unknown' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
