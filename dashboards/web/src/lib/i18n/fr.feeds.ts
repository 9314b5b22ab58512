// French texts of calendar feeds.

export const feeds = {
  title: 'Dans mon calendrier',
  text: 'Votre téléphone ou votre ordinateur peut suivre un agenda : heures, motifs et lieux, jamais les noms des patients. L’adresse se garde comme un mot de passe ; elle ne montre plus rien dès que vous n’avez plus accès à l’agenda.',
  make: 'Créer une adresse',
  again: 'Nouvelle adresse',
  end: 'Arrêter',
  since: (day: string) => `Suivi depuis le ${day}`,
  none: 'Pas encore suivi',
  made: (name: string) => `L’adresse du calendrier de ${name}`,
  madeText: 'Copiez-la maintenant dans votre application de calendrier, comme abonnement : elle ne sera plus montrée. L’ancienne adresse, s’il y en avait une, ne fonctionne plus.',
  copy: 'Copier l’adresse',
  endTitle: 'Arrêter ce calendrier ?',
  endText: 'Les calendriers qui suivent cette adresse ne montreront plus rien de nouveau.',
  ended: 'L’adresse ne montre plus rien.',
};
