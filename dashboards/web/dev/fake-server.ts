// A development aid, no part of the product: a stand-in for the server, in memory, with just enough sense to look at the
// screens without it. `npm run dev` uses it when CABINET_URL is not set. Staff sign-in: /agenda#link=demo
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin, PreviewServer, ViteDevServer } from 'vite';
import { WebSocketServer, type WebSocket } from 'ws';
import type { AppointmentType, ClientFrame, PublicPractice, Slot, StaffChange, StaffCommand, StaffView, TypeSlots, StaffBooking } from '../src/lib/wire';
import { addDays, dayOf, instantOf, weekdayOf } from '../src/lib/zone.ts';

const ZONE = 'Europe/Paris';
const HISTORY = 'f'.repeat(32);
const id = (): string => randomBytes(16).toString('hex');
const MIN = 60_000;

const practice: PublicPractice = {
  slug: 'demo', name: 'Cabinet des Tilleuls', phone: '04 78 00 00 00', email: 'contact@tilleuls.example',
  legal: 'Cabinet des Tilleuls, SCM, 12 rue des Tilleuls, 69003 Lyon. SIRET 000 000 000 00000.', practitioners: [], places: [
    { id: 'p1'.padEnd(32, '0'), name: 'Cabinet', address: '12 rue des Tilleuls, 69003 Lyon' }, { id: 'p2'.padEnd(32, '0'), name: 'À domicile', address: 'Lyon 3e et 6e' }],
  notice: { version: 1, french: 'Vos données personnelles au cabinet\n\nLe cabinet est responsable du fichier qui sert à vous suivre.\n\nVos droits : accès, rectification, effacement. Réclamation : CNIL.', english: 'Your personal data at this practice\n\nThe practice is the controller.' },
};
const type = (name: string, duration_minutes: number, colour: string, online = true): AppointmentType => ({
  id: id(), name, duration_minutes, buffer_before_minutes: 0, buffer_after_minutes: 5, colour, online, minimum_notice_minutes: 120, booking_window_days: 84, cancellation_cutoff_minutes: 1440, daily_cap: null, opens: null });

class Agenda {
  view: StaffView;
  seq = 10;
  boards = new Map<WebSocket, number>();
  sessions = new Set<WebSocket>();
  tokens = new Map<string, { token: string; command: string }>();
  manage = new Map<string, string>();
  shown: TypeSlots[] = [];
  boardSeq = 10;
  constructor(readonly slug: string, readonly name: string, readonly profession: string, readonly colour: string, types: AppointmentType[]) {
    const agenda = id();
    practice.practitioners.push({ agenda, slug, name, profession, colour, zone: ZONE });
    const today = dayOf(Date.now(), ZONE);
    this.view = { agenda, zone: ZONE, granularity_minutes: 15, types, bookings: [], holds: [], absences: [], rules: [], exceptions: [], openings: [], covers_from_ms: 0, covers_until_ms: 9e15, complete_until_ms: 9e15, waiting: [], delay_minutes: 0 };
    const names = [['Jeanne', 'Moreau'], ['Ali', 'Benali'], ['Chloé', 'Garnier'], ['Hugo', 'Petit'], ['Inès', 'Rousseau'], ['Paul', 'Lefèvre']];
    for (const day of ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']) for (const [from, until] of [['09:00', '12:30'], ['14:00', '18:30']] as const)
      this.view.rules.push({ id: id(), weekday: day, from, until, types: null, place: practice.places[0]!.id, weeks: day === 'wednesday' && from === '14:00' ? 'a' : 'every', valid_from: today, valid_until: null, release: null });
    for (let d = -10; d < 60; d += 1) {
      const day = addDays(today, d);
      if (weekdayOf(day) > 5) continue;
      for (const [a, b] of [['09:00', '12:30'], ['14:00', '18:30']] as const) {
        this.view.openings.push({ start_ms: instantOf(`${day}T${a}`, ZONE), end_ms: instantOf(`${day}T${b}`, ZONE), place: practice.places[weekdayOf(day) === 3 ? 1 : 0]!.id, types: null });
        for (let t = instantOf(`${day}T${a}`, ZONE); t < instantOf(`${day}T${b}`, ZONE) - 60 * MIN;) {
          const kind = types[Math.floor(Math.random() * types.length)]!;
          if (Math.random() < (d < 2 ? 0.75 : 0.35)) {
            const n = names[Math.floor(Math.random() * names.length)]!;
            this.view.bookings.push({ id: id(), kind: kind.id, start_ms: t, end_ms: t + kind.duration_minutes * MIN, place: practice.places[0]!.id, person: { given_name: n[0]!, family_name: n[1]!, email: 'p@exemple.fr', phone: null }, online: Math.random() < 0.5, overbooked: false, series: null, mark: null });
          }
          t += Math.ceil((kind.duration_minutes + 5) / 15) * 15 * MIN;
        }
      }
    }
    this.view.absences.push({ id: id(), start_ms: instantOf(`${addDays(today, 3)}T14:00`, ZONE), end_ms: instantOf(`${addDays(today, 3)}T18:30`, ZONE), label: 'Formation' });
    this.shown = this.slots();
  }
  busy(start: number, end: number, except = ''): boolean {
    return [...this.view.bookings, ...this.view.holds, ...this.view.absences].some((x) => x.id !== except && x.start_ms < end && start < x.end_ms);
  }
  slots(): TypeSlots[] {
    const now = Date.now();
    return this.view.types.filter((kind) => kind.online).map((kind) => {
      const slots: Slot[] = [];
      for (const o of this.view.openings) for (let t = o.start_ms; t + kind.duration_minutes * MIN <= o.end_ms; t += 30 * MIN)
        if (t > now && !this.busy(t, t + kind.duration_minutes * MIN)) slots.push({ start_ms: t, place: o.place, from_ms: t - 84 * 864e5, until_ms: t - kind.minimum_notice_minutes * MIN });
      return { kind: kind.id, slots };
    });
  }
  change(changes: StaffChange[]): void {
    const from = this.seq++;
    for (const ws of this.sessions) ws.send(JSON.stringify({ event: 'delta', topic: this.view.agenda, from, to: this.seq, now_ms: Date.now(), changes }));
    const next = this.slots();
    const types = next.map((now, i) => {
      const before = new Map(this.shown[i]?.slots.map((s) => [s.start_ms, s]) ?? []);
      const after = new Set(now.slots.map((s) => s.start_ms));
      return { kind: now.kind, removed_ms: [...before.keys()].filter((s) => !after.has(s)), added: now.slots.filter((s) => !before.has(s.start_ms)) };
    }).filter((c) => c.removed_ms.length + c.added.length > 0);
    this.shown = next;
    for (const [ws, at] of this.boards) { ws.send(JSON.stringify({ event: 'delta', from: at, to: this.seq, now_ms: Date.now(), types })); this.boards.set(ws, this.seq); }
  }
  set<K extends 'bookings' | 'holds' | 'absences' | 'rules' | 'exceptions' | 'types'>(list: K, item: StaffView[K][number]): void {
    this.view[list] = [...(this.view[list] as { id: string }[]).filter((x) => x.id !== item.id), item] as StaffView[K];
  }
  drop(list: 'bookings' | 'holds' | 'absences' | 'rules' | 'exceptions' | 'types', gone: string): void {
    (this.view[list] as { id: string }[]) = (this.view[list] as { id: string }[]).filter((x) => x.id !== gone);
  }
  command(c: StaffCommand): string | null {
    const length = (kind: string): number => (this.view.types.find((t) => t.id === kind)?.duration_minutes ?? 30) * MIN;
    const resync = (): null => { for (const ws of this.sessions) ws.send(JSON.stringify({ event: 'resync', topic: this.view.agenda })); return null; };
    switch (c.do) {
      case 'book': case 'move': {
        const old = this.view.bookings.find((b) => b.id === c.booking);
        const kind = c.do === 'book' ? c.kind : (old?.kind ?? '');
        const end = c.start_ms + length(kind);
        if (!c.allow.outside_hours && !this.view.openings.some((o) => o.start_ms <= c.start_ms && end <= o.end_ms)) return 'outside_hours';
        if (!c.allow.overlap && this.busy(c.start_ms, end, c.booking)) return 'slot_taken';
        const booking = { id: c.booking, kind, start_ms: c.start_ms, end_ms: end, place: practice.places[0]!.id, person: c.do === 'book' ? c.person : (old?.person ?? null), online: old?.online ?? false, overbooked: c.allow.overlap, series: old?.series ?? null, mark: null };
        this.set('bookings', booking); this.change([{ change: 'booking_set', booking }]); return null;
      }
      case 'cancel': this.drop('bookings', c.booking); this.change([{ change: 'booking_gone', id: c.booking }]); return null;
      case 'add_absence': this.set('absences', c.absence); this.change([{ change: 'absence_set', absence: c.absence }]); return null;
      case 'remove_absence': this.drop('absences', c.id); this.change([{ change: 'absence_gone', id: c.id }]); return null;
      case 'set_type': this.set('types', c.kind); return resync();
      case 'retire_type': this.drop('types', c.id); return resync();
      case 'open_hours': case 'change_hours': this.set('rules', c.rule); return resync();
      case 'close_hours': this.drop('rules', c.id); return resync();
      case 'open_exceptionally': this.set('exceptions', c.opening); return resync();
      case 'close_exception': this.drop('exceptions', c.id); return resync();
      case 'book_series': {
        const booked = c.sessions.map((one, index): StaffBooking => ({ id: one.booking, kind: c.kind, start_ms: one.start_ms, end_ms: one.start_ms + length(c.kind), place: practice.places[0]!.id, person: c.person, online: false, overbooked: false, series: { series: c.series, number: index + 1, of: c.sessions.length }, mark: null }));
        if (booked.some((one) => this.busy(one.start_ms, one.end_ms))) return 'one_of_several';
        for (const booking of booked) this.set('bookings', booking);
        this.change(booked.map((booking) => ({ change: 'booking_set', booking }))); return null;
      }
      case 'move_bookings': {
        const moved = c.moves.flatMap((one): StaffBooking[] => { const old = this.view.bookings.find((b) => b.id === one.booking); return old ? [{ ...old, start_ms: one.start_ms, end_ms: one.start_ms + old.end_ms - old.start_ms, mark: null }] : []; });
        for (const booking of moved) this.set('bookings', booking);
        this.change(moved.map((booking) => ({ change: 'booking_set', booking }))); return null;
      }
      case 'cancel_bookings': for (const gone of c.bookings) this.drop('bookings', gone); this.change(c.bookings.map((gone) => ({ change: 'booking_gone', id: gone }))); return null;
      case 'mark_booking': this.view.bookings = this.view.bookings.map((b) => (b.id === c.booking ? { ...b, mark: c.mark } : b)); this.change([{ change: 'mark_set', id: c.booking, mark: c.mark }]); return null;
      case 'announce_delay': this.view.delay_minutes = c.minutes; this.change([{ change: 'delay_set', minutes: c.minutes }]); return null;
      case 'remove_waiting': this.view.waiting = this.view.waiting.filter((one) => one.id !== c.entry); this.change([{ change: 'waiting_gone', id: c.entry }]); return null;
      case 'set_waiting_urgent': this.change([{ change: 'waiting_urgent', id: c.entry, urgent: c.urgent }]); return null;
    }
  }
}

function world(): Agenda[] {
  return [
    new Agenda('claire-martin', 'Claire Martin', 'Masseuse-kinésithérapeute', '#0f766e', [type('Séance de rééducation', 30, '#0f766e'), type('Bilan initial', 60, '#c2410c'), type('Visite à domicile', 45, '#7c3aed', false)]),
    new Agenda('samir-haddad', 'Samir Haddad', 'Psychologue clinicien', '#4338ca', [type('Première consultation', 60, '#4338ca'), type('Consultation de suivi', 45, '#0369a1')]),
    new Agenda('lea-dubois', 'Léa Dubois', 'Ostéopathe D.O.', '#b45309', [type('Consultation adulte', 45, '#b45309'), type('Consultation nourrisson', 60, '#be185d')]),
  ];
}

export function fakeServer(): Plugin {
  const agendas = world();
  const of = (topic: string): Agenda | undefined => agendas.find((a) => a.view.agenda === topic);
  const problem = (code: string, status: number) => ({ type: `urn:cabinet:problem:${code}`, code, title: code, status, detail: null, at_ms: null });
  async function http(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body: Record<string, any> = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    const answer = (status: number, value: unknown): void => { res.writeHead(status, { 'content-type': 'application/json', ...(value && (value as { staff?: string }).staff ? { 'set-cookie': 'fake=1; Path=/' } : {}) }); res.end(JSON.stringify(value)); };
    const refuse = (code: string, status: number): void => answer(status, problem(code, status));
    const path = (req.url ?? '').split('?')[0]!.split('/').slice(3);
    const now_ms = Date.now();
    if (path[0] === 'account' && path[1] === 'link') return answer(200, { purpose: 'sign_in', practice: practice.name, staff: 'Nadia Perrin', role: 'owner' });
    if (path[0] === 'staff') {
      if (path[1] === 'sign-in') return (body['link'] as string) === 'demo' ? answer(200, { staff: 'Nadia Perrin', role: 'owner', account: false, glasses: [], levels: practice.practitioners.map((one) => ({ agenda: one.agenda, level: 'manage' })), practice, now_ms }) : refuse('link_unknown', 401);
      if (path[1] === 'sign-out') { res.setHeader('set-cookie', 'fake=; Path=/; Max-Age=0'); return answer(204, null); }
      return req.headers.cookie?.includes('fake=1') ? answer(200, { staff: 'Nadia Perrin', role: 'owner', account: false, glasses: [], levels: practice.practitioners.map((one) => ({ agenda: one.agenda, level: 'manage' })), practice, now_ms }) : refuse('unauthorized', 401);
    }
    if (path.length === 2) return answer(200, practice);
    const agenda = agendas.find((a) => a.slug === path[2]);
    if (!agenda || path[1] !== 'demo') return refuse('not_found', 404);
    if (path.length === 3) return answer(200, { practice, practitioner: practice.practitioners.find((p) => p.slug === agenda.slug), types: agenda.view.types.filter((t) => t.online), places: practice.places, now_ms, hold_ttl_seconds: 300 });
    if (path[3] === 'holds' && path.length === 4) {
      const kind = agenda.view.types.find((t) => t.id === body['kind'])!;
      const start = body['start_ms'] as number;
      const end_ms = start + kind.duration_minutes * MIN;
      const known = agenda.view.holds.find((h) => agenda.tokens.get(h.id)?.command === body['command_id']);
      if (known) return answer(201, { hold: known.id, start_ms: start, end_ms, expires_ms: known.expires_ms, now_ms });
      if (agenda.busy(start, end_ms)) return refuse('slot_taken', 409);
      const hold = { id: id(), kind: kind.id, start_ms: start, end_ms, expires_ms: now_ms + 300_000 };
      agenda.tokens.set(hold.id, { token: body['token'] as string, command: body['command_id'] as string });
      agenda.set('holds', hold); agenda.change([{ change: 'hold_set', hold }]);
      setTimeout(() => { if (agenda.view.holds.some((h) => h.id === hold.id)) { agenda.drop('holds', hold.id); agenda.change([{ change: 'hold_gone', id: hold.id }]); } }, 300_000);
      return answer(201, { hold: hold.id, start_ms: start, end_ms, expires_ms: hold.expires_ms, now_ms });
    }
    const hold = agenda.view.holds.find((h) => h.id === path[4]);
    if (path[5] === 'release') { agenda.drop('holds', path[4]!); agenda.change([{ change: 'hold_gone', id: path[4]! }]); return answer(200, { seq: agenda.seq }); }
    if (path[5] === 'confirm') {
      if (!hold) return refuse('hold_gone', 409);
      const booking = { id: id(), kind: hold.kind, start_ms: hold.start_ms, end_ms: hold.end_ms, place: practice.places[0]!.id, person: body['person'], online: true, overbooked: false, series: null, mark: null };
      agenda.drop('holds', hold.id); agenda.set('bookings', booking); agenda.manage.set(booking.id, body['manage'] as string);
      agenda.change([{ change: 'hold_gone', id: hold.id }, { change: 'booking_set', booking }]);
      return answer(201, { booking: booking.id, manage_path: `/p/demo/${agenda.slug}/rdv/${booking.id}`, seq: agenda.seq });
    }
    const booking = agenda.view.bookings.find((b) => b.id === path[4]);
    if (!booking || agenda.manage.get(booking.id) !== body['manage']) return refuse('booking_unknown', 404);
    if (path[5] === 'cancel') { agenda.command({ do: 'cancel', booking: booking.id }); return answer(200, { seq: agenda.seq }); }
    return answer(200, { booking: booking.id, kind: agenda.view.types.find((t) => t.id === booking.kind), start_ms: booking.start_ms, end_ms: booking.end_ms, place: practice.places[0], cancel_until_ms: booking.start_ms - 864e5, now_ms });
  }
  function session(ws: WebSocket): void {
    const say = (frame: unknown): void => ws.send(JSON.stringify(frame));
    say({ event: 'welcome', version: 1, now_ms: Date.now(), staff: 'Nadia Perrin' });
    ws.on('close', () => agendas.forEach((a) => a.sessions.delete(ws)));
    ws.on('message', (data) => {
      const frame = JSON.parse(String(data)) as ClientFrame;
      const agenda = of(frame.topic);
      if (!agenda) return say({ event: 'refused', ref: frame.ref, problem: problem('not_found', 404) });
      if (frame.event === 'join') {
        agenda.sessions.add(ws);
        if (frame.history === HISTORY && frame.seq === agenda.seq) say({ event: 'resumed', ref: frame.ref, topic: frame.topic, history: HISTORY, seq: agenda.seq, now_ms: Date.now() });
        else say({ event: 'snapshot', ref: frame.ref, topic: frame.topic, history: HISTORY, seq: agenda.seq, now_ms: Date.now(), view: { ...agenda.view, covers_from_ms: frame.from_ms, covers_until_ms: frame.until_ms, complete_until_ms: frame.until_ms } });
        say({ event: 'present', topic: frame.topic, staff: ['Claire Martin', 'Nadia Perrin'] });
      } else if (frame.event === 'command') {
        const refused = agenda.command(frame.command);
        say(refused ? { event: 'refused', ref: frame.ref, problem: problem(refused, 409) } : { event: 'accepted', ref: frame.ref, seq: agenda.seq });
      } else say({ event: 'done', ref: frame.ref });
    });
  }
  const attach = (server: ViteDevServer | PreviewServer): void => {
      server.middlewares.use((req, res, next) => { if (req.url?.startsWith('/api/v1/')) void http(req, res); else next(); });
      const sockets = new WebSocketServer({ noServer: true });
      server.httpServer?.on('upgrade', (req, socket, head) => {
        const url = new URL(req.url ?? '/', 'http://x');
        if (url.pathname !== '/live' && url.pathname !== '/ws') return;
        sockets.handleUpgrade(req, socket, head, (ws) => {
          if (url.pathname === '/ws') return session(ws);
          const agenda = agendas.find((a) => a.slug === url.searchParams.get('practitioner'));
          if (!agenda) return ws.close();
          agenda.boards.set(ws, agenda.seq);
          ws.on('close', () => agenda.boards.delete(ws));
          ws.send(JSON.stringify({ event: 'snapshot', version: 1, history: HISTORY, seq: agenda.seq, now_ms: Date.now(), types: agenda.slots() }));
        });
      });
  };
  return { name: 'fake-server', configureServer: attach, configurePreviewServer: attach };
}
