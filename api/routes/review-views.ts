import { z } from 'zod';
import { int32, uuid } from '../http/fields';

const money = z.int();
const both = z.object({ ru: z.string(), en: z.string() });

export const taskView = z.object({
  taskId: uuid(),
  state: z.enum(['open', 'claimed', 'on-hold', 'decided', 'cancelled']),
  superseded: z.boolean(),
  versionId: uuid(),
  invoiceNo: z.string(),
  clinicCode: z.string(),
  clinicName: z.string(),
  hub: z.string(),
  policyNo: z.string(),
  lineCount: int32(),
  atRiskKopecks: money,
  codes: z.array(z.string()),
  skill: z.string().nullable(),
  origin: z.string(),
  priority: int32(),
  deadline: z.string(),
  escalatedAt: z.string().nullable(),
  onHoldSince: z.string().nullable(),
  holder: z.object({ id: uuid(), name: z.string() }).nullable(),
  leaseUntil: z.string().nullable(),
  revision: int32(),
});

export const findingView = z.object({
  code: z.string(),
  title: both,
  ruleId: z.string(),
  ruleVersion: z.string(),
  severity: z.string(),
  ground: z.enum(['administrative', 'medical']),
  atRiskKopecks: money,
  guidelineId: z.string().nullable(),
  clause: z.string().nullable(),
  evidence: z.record(z.string(), z.unknown()),
  explanation: both,
});

export const verdictView = z.object({
  kind: z.enum(['accept', 'reduce', 'refuse']),
  reasonCode: z.string().nullable(),
  clause: z.string().nullable(),
  acceptedKopecks: money,
  reducedKopecks: money,
  refusedKopecks: money,
  patientShareKopecks: money,
  author: z.object({ kind: z.enum(['rule', 'doctor']), name: z.string() }),
  noteToClinic: z.string().nullable(),
  internalNote: z.string().nullable(),
  reverses: z.boolean(),
  createdAt: z.string(),
});

export const lineView = z.object({
  lineNo: int32(),
  policyNo: z.string(),
  serviceDate: z.string(),
  diagnosisCode: z.string(),
  diagnosisName: z.string(),
  itemCode: z.string(),
  itemName: z.string(),
  quantity: int32(),
  unitPriceKopecks: money,
  amountKopecks: money,
  patientShareKopecks: money,
  doctorCode: z.string().nullable(),
  tooth: z.string().nullable(),
  letterNo: z.string().nullable(),
  episodeNo: z.string().nullable(),
  state: z.string(),
  findings: z.array(findingView),
  verdict: verdictView.nullable(),
});

export const documentView = z.object({
  documentRequestId: uuid(),
  taskId: uuid(),
  versionId: uuid(),
  invoiceNo: z.string(),
  textToClinic: z.string(),
  requestedAt: z.string(),
  answerText: z.string().nullable(),
  answeredAt: z.string().nullable(),
});

export const commandView = z.object({
  taskId: uuid().nullable(),
  taskState: z.string().nullable(),
  revision: int32().nullable(),
  openTasks: int32(),
  invoiceState: z.string(),
});

export const invoiceView = z.object({
  versionId: uuid(),
  clinicCode: z.string(),
  clinicName: z.string(),
  invoiceNo: z.string(),
  version: int32(),
  current: z.boolean(),
  state: z.string(),
  lineCount: int32(),
  billedKopecks: money,
  receivedAt: z.string(),
  reviewDeadline: z.string().nullable(),
});
