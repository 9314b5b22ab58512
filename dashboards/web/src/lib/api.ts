// HTTP to /api/v1. Every refusal arrives as a Problem; a lost line is one too (`network`).

import { backoffMs } from './backoff';
import type {
  AccessReview, AccountFace, Acknowledgement, Activated, AlertAnswerRequest, AlertFace, Alerts, ActivationCode, ActivationRequest, AuditPage, AuditProof, BreakGlassRequest, Challenge, Compliance, ContractAcceptance, Documents, EmailChange, EmailCode, Enrolment, ForgottenRequest, GlassFace, InstallationAlert, InvitationMade, InviteRequest, LetGo, LinkFace, LinkHolder, MemberChange,
  MemberLink, Members, NewPasskey, NumberedRequest, PasskeyCeremony, PasskeyChallenge, PasskeyFace, PasskeyRemoval, PasskeySignIn, PasswordChange, PasswordSignIn, RecoveryCodes, ResetRequest, SecondFactor, SessionEnd, ShownPasskey, SignUpBegun, SignUpCode, SignUpRequest, SocketTicket,
  SeriesBookings, SeriesPlan, SeriesPlanRequest, StaffAgenda, StepUpRequest, SteppedUp, Support, SupportDesk, SupportFace, SupportRequest, TryAgain, Unfilled, WhyNot,
} from './wire';
import type { BookingMessages, LinkOpened, LinkRequest, ReminderSettings, ReminderSwitch, RemindersRequest } from './wire';
import type { FeedMade, FeedRequest, FeedState } from './wire';
import type { PatientChange, PatientCreate, PatientFile, PatientMerge, PatientPairs, PatientSearch, PatientsFound } from './wire';
import type { JoinAnswer, JoinRequest, WaitingActRequest, WaitingRequest, WaitingView } from './wire';
import type {
  Accepted, PatientVisit, VisitCancel, VisitCode, VisitHolder, VisitRequest, CancelRequest, ConfirmAnswer, ConfirmRequest, DelayFace, HoldAnswer, HoldRequest, ManagedBooking, ManageRequest, Problem, PublicPage,
  PublicPractice, ReleaseRequest, SignInRequest, StaffMe,
} from './wire';

/** A refusal or failure, to be told by its code. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

/** The problem in anything thrown. */
export function problemOf(error: unknown): Problem {
  return error instanceof ProblemError ? error.problem : localProblem('internal', 500);
}

export function localProblem(code: string, status: number): Problem {
  return { type: `urn:cabinet:problem:${code}`, code, title: code, status, detail: null, at_ms: null };
}

const ATTEMPTS = 4;

/**
 * One request. Busy answers and lost lines are tried again: every changing request carries a command id, so a repeat is harmless.
 */
async function call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once<T>(method, path, body);
    } catch (error) {
      const { code, status } = problemOf(error);
      const worthRepeating = code === 'network' || (status === 503 && code !== 'storage_full');
      if (!worthRepeating || attempt + 1 >= ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 150 + backoffMs(attempt)));
    }
  }
}

async function once<T>(method: 'GET' | 'POST', path: string, body?: unknown, wanted: 'json' | 'file' = 'json'): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: { accept: 'application/json', 'x-cabinet': '1', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      credentials: 'same-origin',
      cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ProblemError(localProblem('network', 0));
  }
  if (response.ok && wanted === 'file') return (await response.blob()) as T;
  const text = await response.text().catch(() => '');
  let value: unknown = null;
  try {
    value = text === '' ? null : JSON.parse(text);
  } catch {
    value = null;
  }
  if (response.ok) return value as T;
  const known = value !== null && typeof value === 'object' && typeof (value as Problem).code === 'string';
  throw new ProblemError(known ? (value as Problem) : localProblem(`http_${response.status}`, response.status));
}

const at = (practice: string, practitioner: string): string => `/public/${encodeURIComponent(practice)}/${encodeURIComponent(practitioner)}`;

export const api = {
  compliance: () => call<Compliance>('GET', '/ops/compliance'),
  acknowledge: (alert: string, body: Acknowledgement) => call<InstallationAlert>('POST', `/ops/alerts/${alert}/acknowledge`, body),
  endForSomebody: (session: string) => call<null>('POST', `/ops/sessions/${session}/end`),
  letGo: (body: LetGo) => call<null>('POST', '/ops/held/let-go', body),
  mailsAgain: (body: TryAgain) => once<null>('POST', '/ops/mails/again', body),
  practice: (practice: string) => call<PublicPractice>('GET', `/public/${encodeURIComponent(practice)}`),
  page: (practice: string, practitioner: string) => call<PublicPage>('GET', at(practice, practitioner)),
  hold: (practice: string, practitioner: string, body: HoldRequest) => call<HoldAnswer>('POST', `${at(practice, practitioner)}/holds`, body),
  release: (practice: string, practitioner: string, hold: string, body: ReleaseRequest) =>
    call<Accepted>('POST', `${at(practice, practitioner)}/holds/${encodeURIComponent(hold)}/release`, body),
  confirm: (practice: string, practitioner: string, hold: string, body: ConfirmRequest) =>
    call<ConfirmAnswer>('POST', `${at(practice, practitioner)}/holds/${encodeURIComponent(hold)}/confirm`, body),
  view: (practice: string, practitioner: string, booking: string, body: ManageRequest) =>
    call<ManagedBooking>('POST', `${at(practice, practitioner)}/bookings/${encodeURIComponent(booking)}/view`, body),
  delay: (practice: string, practitioner: string, booking: string, body: ManageRequest) =>
    call<DelayFace>('POST', `${at(practice, practitioner)}/bookings/${encodeURIComponent(booking)}/delay`, body),
  cancel: (practice: string, practitioner: string, booking: string, body: CancelRequest) =>
    call<Accepted>('POST', `${at(practice, practitioner)}/bookings/${encodeURIComponent(booking)}/cancel`, body),
  openLink: (body: LinkRequest) => call<LinkOpened>('POST', '/link/open', body),
  wantReminders: (body: RemindersRequest) => call<null>('POST', '/link/reminders', body),
  messages: (agenda: string, booking: string) => call<BookingMessages>('GET', `/staff/agendas/${agenda}/bookings/${booking}/messages`),
  reminders: (agenda: string) => call<ReminderSettings>('GET', `/staff/agendas/${agenda}/reminders`),
  feed: (agenda: string) => call<FeedState>('GET', `/staff/agendas/${agenda}/feed`),
  makeFeed: (agenda: string, body: FeedRequest) => call<FeedMade>('POST', `/staff/agendas/${agenda}/feed`, body),
  endFeed: (agenda: string) => call<null>('POST', `/staff/agendas/${agenda}/feed/end`),
  setReminders: (agenda: string, body: ReminderSwitch) => call<null>('POST', `/staff/agendas/${agenda}/reminders`, body),
  joinWaiting: (practice: string, practitioner: string, body: JoinRequest) => call<JoinAnswer>('POST', `${at(practice, practitioner)}/waiting`, body),
  viewWaiting: (practice: string, practitioner: string, entry: string, body: WaitingRequest) =>
    call<WaitingView>('POST', `${at(practice, practitioner)}/waiting/${encodeURIComponent(entry)}/view`, body),
  acceptOffer: (practice: string, practitioner: string, entry: string, body: WaitingActRequest) =>
    call<ConfirmAnswer>('POST', `${at(practice, practitioner)}/waiting/${encodeURIComponent(entry)}/accept`, body),
  declineOffer: (practice: string, practitioner: string, entry: string, body: WaitingActRequest) =>
    call<Accepted>('POST', `${at(practice, practitioner)}/waiting/${encodeURIComponent(entry)}/decline`, body),
  leaveWaiting: (practice: string, practitioner: string, entry: string, body: WaitingActRequest) =>
    call<Accepted>('POST', `${at(practice, practitioner)}/waiting/${encodeURIComponent(entry)}/leave`, body),
  signIn: (body: SignInRequest) => call<StaffMe>('POST', '/staff/sign-in', body),
  signOut: () => call<null>('POST', '/staff/sign-out'),
  /** Tried again with the socket that it is for, not by itself. */
  socketTicket: () => once<SocketTicket>('POST', '/staff/ticket'),
  me: () => call<StaffMe>('GET', '/staff/me'),
  planSeries: (agenda: string, body: SeriesPlanRequest) => call<SeriesPlan>('POST', `/staff/agendas/${agenda}/series`, body),
  series: (agenda: string, series: string) => call<SeriesBookings>('GET', `/staff/agendas/${agenda}/series/${series}`),
  whyNot: (agenda: string, kind: string, start_ms: number) => call<WhyNot>('GET', `/staff/agendas/${agenda}/why?kind=${kind}&start_ms=${start_ms}`),
  searchPatients: (body: PatientSearch) => call<PatientsFound>('POST', '/staff/patients/search', body),
  patient: (patient: string) => call<PatientFile>('GET', `/staff/patients/${patient}`),
  addPatient: (body: PatientCreate) => call<PatientFile>('POST', '/staff/patients', body),
  /** Of a version: a repeat would find it changed. */
  changePatient: (patient: string, body: PatientChange) => once<PatientFile>('POST', `/staff/patients/${patient}/change`, body),
  duplicates: () => call<PatientPairs>('GET', '/staff/patients/duplicates'),
  mergePatient: (patient: string, body: PatientMerge) => call<PatientFile>('POST', `/staff/patients/${patient}/merge`, body),
  partPatient: (patient: string) => call<PatientFile>('POST', `/staff/patients/${patient}/part`),
  unfilled: (agenda: string) => call<Unfilled>('GET', `/staff/agendas/${agenda}/unfilled`),
  // Codes and links are good once, so what uses one up is not repeated by itself.
  link: (body: LinkHolder) => call<LinkFace>('POST', '/account/link', body),
  password: (body: PasswordSignIn) => once<Challenge>('POST', '/account/sign-in', body),
  secondFactor: (body: SecondFactor) => once<StaffMe>('POST', '/account/second-factor', body),
  activate: (body: ActivationRequest) => once<Enrolment>('POST', '/account/activation', body),
  finishActivation: (body: ActivationCode) => once<Activated>('POST', '/account/activation/finish', body),
  documents: () => call<Documents>('GET', '/documents'),
  signUp: (body: SignUpRequest) => once<SignUpBegun>('POST', '/account/sign-up', body),
  finishSignUp: (body: SignUpCode) => once<Activated>('POST', '/account/sign-up/finish', body),
  forgotten: (body: ForgottenRequest) => once<null>('POST', '/account/forgotten', body),
  reset: (body: ResetRequest) => once<StaffMe>('POST', '/account/reset', body),
  visit: (practice: string, body: VisitRequest) => call<null>('POST', `/public/${practice}/visit`, body),
  openVisit: (practice: string, body: VisitCode) => once<PatientVisit>('POST', `/public/${practice}/visit/open`, body),
  visitBookings: (practice: string, body: VisitHolder) => call<PatientVisit>('POST', `/public/${practice}/visit/bookings`, body),
  cancelVisited: (practice: string, body: VisitCancel) => call<Accepted>('POST', `/public/${practice}/visit/cancel`, body),
  passkeySignIn: () => call<PasskeyChallenge>('POST', '/account/passkey-sign-in'),
  finishPasskeySignIn: (body: PasskeySignIn) => once<StaffMe>('POST', '/account/passkey-sign-in/finish', body),
  passkeys: () => once<PasskeyCeremony>('POST', '/account/passkeys'),
  addPasskey: (body: NewPasskey) => once<PasskeyFace>('POST', '/account/passkeys/finish', body),
  removePasskey: (body: PasskeyRemoval) => call<null>('POST', '/account/passkeys/remove', body),
  passkeyStepUp: () => call<PasskeyCeremony>('POST', '/account/step-up/passkey'),
  finishPasskeyStepUp: (body: ShownPasskey) => once<SteppedUp>('POST', '/account/step-up/passkey/finish', body),
  account: () => call<AccountFace>('GET', '/account'),
  stepUp: (body: StepUpRequest) => once<SteppedUp>('POST', '/account/step-up', body),
  changePassword: (body: PasswordChange) => once<SteppedUp>('POST', '/account/password', body),
  recoveryCodes: () => once<RecoveryCodes>('POST', '/account/recovery-codes'),
  application: () => once<Enrolment>('POST', '/account/application'),
  finishApplication: (body: StepUpRequest) => once<null>('POST', '/account/application/finish', body),
  changeEmail: (body: EmailChange) => once<SteppedUp>('POST', '/account/email', body),
  finishEmail: (body: EmailCode) => once<null>('POST', '/account/email/finish', body),
  endSessions: (body: SessionEnd) => call<null>('POST', '/account/sessions/end', body),
  acceptContract: (body: ContractAcceptance) => once<null>('POST', '/staff/contract', body),
  alerts: () => call<Alerts>('GET', '/staff/alerts'),
  answerAlert: (alert: string, body: AlertAnswerRequest) => call<AlertFace>('POST', `/staff/alerts/${alert}/answer`, body),
  audit: (query: Record<string, string>) => call<AuditPage>('GET', `/staff/audit?${new URLSearchParams(query)}`),
  auditProof: (number: number) => call<AuditProof>('GET', `/staff/audit/${number}/proof`),
  auditExport: () => once<Blob>('GET', '/staff/audit/export', undefined, 'file'),
  breakGlass: (agenda: string, body: BreakGlassRequest) => once<GlassFace>('POST', `/staff/agendas/${agenda}/break-glass`, body),
  endGlass: (glass: string, body: NumberedRequest) => call<null>('POST', `/staff/break-glass/${glass}/end`, body),
  support: () => call<Support>('GET', '/staff/support'),
  grantSupport: (body: SupportRequest) => once<SupportFace>('POST', '/staff/support', body),
  endSupport: (grant: string, body: NumberedRequest) => call<null>('POST', `/staff/support/${grant}/end`, body),
  supported: () => call<SupportDesk>('GET', '/team/support'),
  /** Each one is an entry of the practice's log: not tried again by itself. */
  supportedAgenda: (practice: string, agenda: string, from_ms: number, until_ms: number) =>
    once<StaffAgenda>('GET', `/team/support/${practice}/agendas/${agenda}?from_ms=${from_ms}&until_ms=${until_ms}`),
  members: () => call<Members>('GET', '/staff/members'),
  invite: (body: InviteRequest) => once<InvitationMade>('POST', '/staff/invitations', body),
  withdraw: (invitation: string, body: NumberedRequest) => call<null>('POST', `/staff/invitations/${invitation}/withdraw`, body),
  changeMember: (member: string, body: MemberChange) => call<null>('POST', `/staff/members/${member}/change`, body),
  removeMember: (member: string, body: NumberedRequest) => call<null>('POST', `/staff/members/${member}/remove`, body),
  releaseMember: (member: string, body: NumberedRequest) => call<null>('POST', `/staff/members/${member}/release`, body),
  accessReview: () => call<AccessReview>('GET', '/staff/access-review'),
  accessExport: (locale: string) => once<Blob>('GET', `/staff/access-review/export?locale=${locale}`, undefined, 'file'),
  noteReview: (body: NumberedRequest) => call<null>('POST', '/staff/access-review', body),
  memberLink: (member: string, body: NumberedRequest) => once<MemberLink>('POST', `/staff/members/${member}/link`, body),
};
