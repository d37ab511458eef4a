/**
 * Identifiers of the FHIR interface. Shape: HL7 Da Vinci PAS (Claim/$submit, $inquire) on FHIR R4; code systems of the
 * Russian vocabularies are named by their register's OID.
 */
export const FHIR = {
  policy: 'urn:medex:policy-no',
  clinic: 'urn:medex:clinic-code',
  request: 'urn:medex:letter-request',
  sender: 'urn:medex:sender-ref',
  letter: 'urn:medex:letter-no',
  /** Nomenclature of medical services, order 804n. */
  service: 'urn:oid:1.2.643.5.1.13.13.11.1070',
  /** МКБ-10, state classifier. */
  diagnosis: 'urn:oid:1.2.643.5.1.13.13.11.1005',
  reason: 'urn:medex:finding-code',
  claimType: 'http://terminology.hl7.org/CodeSystem/claim-type',
  priority: 'http://terminology.hl7.org/CodeSystem/processpriority',
  adjudication: 'http://terminology.hl7.org/CodeSystem/adjudication',
  /** X12 306: A1 certified in total, A2 partial, A3 not certified, A4 pended, A6 modified. */
  reviewAction: 'https://codesystem.x12.org/005010/306',
  reviewActionExtension: 'http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction',
  reviewActionCodeExtension: 'http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewActionCode',
  authorizationPeriodExtension: 'http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemPreAuthPeriod',
  toothSystem: 'urn:iso:std:iso:3950',
} as const;
