import type { ApiDeps } from '../deps';
import type { RouteDefinition } from '../http/route';
import { actRoutes } from './acts';
import { apiKeyRoutes } from './api-keys';
import { auditRoutes } from './audit';
import { authRoutes } from './auth';
import { batchRoutes } from './batches';
import { decisionTableRoutes } from './decision-tables';
import { disputeRoutes } from './disputes';
import { guidelinePackRoutes } from './guideline-packs';
import { importRoutes } from './imports';
import { invoiceRoutes } from './invoices';
import { coverageCheckRoutes } from './coverage-checks';
import { clinicInquiryRoutes } from './clinic-inquiries';
import { employerReportRoutes } from './employer-reports';
import { feedbackRoutes } from './feedback';
import { fhirRoutes } from './fhir';
import { fraudCaseRoutes } from './fraud-cases';
import { letterActRoutes } from './letter-acts';
import { letterFileRoutes } from './letter-files';
import { letterStatusRoutes } from './letter-status';
import { letterSettingsRoutes } from './letter-settings';
import { letterWorkRoutes } from './letter-work';
import { letterRoutes } from './letters';
import { meRoutes } from './me';
import { outboxRoutes } from './outbox';
import { ratingRoutes } from './ratings';
import { quoteRoutes } from './quotes';
import { riskModelRoutes } from './risk-models';
import { qualityRoutes } from './quality';
import { replayRoutes } from './replay';
import { reviewDecisionRoutes } from './review-decisions';
import { reviewTaskRoutes } from './review-tasks';
import { shadowRunRoutes } from './shadow-runs';
import { statAlertRoutes } from './stat-alerts';
import { surveyPageRoutes } from './survey-page';
import { surveyRoutes } from './surveys';
import { routingPolicyRoutes } from './routing-policies';
import { userRoutes } from './users';
import { webhookRoutes } from './webhooks';

/** Every route module of the product. A new feature adds its line here. */
const modules: readonly ((deps: ApiDeps) => RouteDefinition[])[] = [
  authRoutes,
  meRoutes,
  userRoutes,
  apiKeyRoutes,
  auditRoutes,
  importRoutes,
  reviewTaskRoutes,
  reviewDecisionRoutes,
  invoiceRoutes,
  actRoutes,
  batchRoutes,
  routingPolicyRoutes,
  guidelinePackRoutes,
  decisionTableRoutes,
  shadowRunRoutes,
  disputeRoutes,
  replayRoutes,
  qualityRoutes,
  statAlertRoutes,
  outboxRoutes,
  coverageCheckRoutes,
  letterRoutes,
  letterActRoutes,
  letterFileRoutes,
  letterStatusRoutes,
  letterSettingsRoutes,
  letterWorkRoutes,
  webhookRoutes,
  fhirRoutes,
  surveyPageRoutes,
  surveyRoutes,
  feedbackRoutes,
  fraudCaseRoutes,
  clinicInquiryRoutes,
  ratingRoutes,
  employerReportRoutes,
  quoteRoutes,
  riskModelRoutes,
];

/** All routes, in the order in which they are documented. */
export function allRoutes(deps: ApiDeps): RouteDefinition[] {
  return modules.flatMap((module) => module(deps));
}
