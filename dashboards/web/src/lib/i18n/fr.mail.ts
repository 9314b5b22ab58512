// French texts about the mails that patients get: what their links open, what staff see of them.

export const mail = {
  opening: 'Ouverture du lien…',
  badLinkTitle: 'Ce lien n’ouvre rien',
  badLink: 'Il est incomplet, trop ancien, ou n’a pas été fait pour cela. Ouvrez le lien entier du dernier courriel reçu, ou appelez le cabinet.',
  stopTitle: 'Rappels',
  stopped: 'Vous ne recevrez plus de rappel de ce rendez-vous. Le rendez-vous tient toujours.',
  resumed: 'Vous recevrez de nouveau les rappels de ce rendez-vous.',
  resume: 'Les recevoir de nouveau',
  stop: 'Ne plus les recevoir',
  messages: 'Courriels au patient',
  none: 'Aucun pour l’instant.',
  kinds: { booked: 'Confirmation', moved: 'Déplacement', cancelled: 'Annulation', reminded: 'Rappel', series_booked: 'Confirmation', several_moved: 'Déplacement', several_cancelled: 'Annulation', delayed: 'Retard', offered: 'Proposition' } as Record<string, string>,
  states: { waiting: 'en attente', sent: 'envoyé', refused: 'refusé' } as Record<string, string>,
  unwanted: 'Le patient ne veut pas de rappel.',
  reminders: 'Rappels par courriel',
  remindersHint: 'À l’heure du rendez-vous, entre 9 h et 19 h. Pour les rendez-vous déjà pris aussi.',
  week: '7 jours avant',
  day: 'La veille',
};
