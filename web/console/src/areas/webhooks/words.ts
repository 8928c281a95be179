/** The words about webhooks. */

import type { Said } from '../../said.tsx';

export const FACTS = [
  'coupon.issued',
  'coupon.redeemed',
  'coupon.revoked',
  'coupon.expired',
  'campaign.opened',
  'campaign.paused',
  'campaign.resumed',
  'campaign.closed',
  'campaign.changed',
  'campaign.archived',
  'campaign.sold_out',
] as const;

export interface Webhook {
  id: string;
  url: string;
  description: string;
  /** null: all */
  facts: string[] | null;
  campaigns: string[] | null;
  state: 'enabled' | 'disabled';
  why: string | null;
  whySaid: Said | null;
  disabledAt: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface Answer {
  at: string;
  /** null: there was none */
  status: number | null;
  ms: number;
  error: string | null;
  body: string;
}

export interface Delivery {
  id: number;
  eventId: string;
  type: string;
  campaignId: string;
  claimId: string | null;
  state: 'pending' | 'delivered' | 'failed';
  tries: number;
  createdAt: string;
  nextTryAt: string | null;
  settledAt: string | null;
  answers: Answer[];
}

export const words = {
  ko: {
    title: '웹훅',
    under: '일어난 일을 다른 서버에 알려요. 서명해서 보내고, 받을 때까지 다시 보내요.',
    empty: '아직 웹훅이 없어요. 받을 주소를 추가하거나, 받는 예제부터 띄워 보세요.',
    add: '웹훅 추가',
    addTitle: '새 웹훅',
    editTitle: '웹훅 고치기',
    url: '주소',
    urlHint: 'https://로 시작하는, 밖에서 닿는 주소예요.',
    description: '설명',
    state: '상태',
    enabled: '보내는 중',
    disabled: '멈춤',
    facts: '알릴 일',
    allFacts: '모두',
    someFacts: (count: string) => `${count}가지`,
    chosenFacts: '고른 것만',
    noFacts: '알릴 일을 하나 이상 골라 주세요.',
    campaigns: '캠페인',
    allCampaigns: '모든 캠페인',
    someCampaigns: (count: string) => `${count}개`,
    campaignsHint: '비워 두면 모든 캠페인이에요.',
    why: '멈춘 이유',
    since: '멈춘 때',
    made: '만든 때',
    changed: '바꾼 때',
    save: '저장',
    cancel: '그만두기',
    edit: '고치기',
    secret: '서명 비밀값이에요.',
    rotate: '비밀값 바꾸기',
    rotateSays: '새 비밀값 1개를 만들어요. 지금 값은 24시간 동안 함께 서명하고, 그 뒤로는 쓰지 않아요.',
    test: '시험 보내기',
    testOk: (status: number | null, ms: string) => `받았어요. ${status ?? '–'}, ${ms}`,
    testBad: (ms: string) => `받지 못했어요 (${ms}).`,
    answer: '답',
    noAnswer: '답 없음',
    noBody: '답의 본문이 비어 있어요.',
    enable: '다시 보내기',
    disable: '멈추기',
    disableSays: '이 주소로 0건을 보내요. 쌓인 것은 다시 켜면 보내요.',
    remove: '지우기',
    removeTitle: '이 웹훅을 지울까요?',
    removeSays: (count: string) =>
      `웹훅 1개와 보낸 기록 ${count}건을 지워요. 아직 못 보낸 것도 보내지 않아요. 되돌릴 수 없어요.`,
    deliveries: '보낸 기록',
    noDeliveries: '아직 보낸 것이 없어요.',
    all: '전체',
    type: '일',
    delivery: {
      pending: '보내는 중',
      delivered: '받음',
      failed: '실패',
    },
    tries: '시도',
    times: (count: string) => `${count}번`,
    when: '일어난 때',
    next: '다음 시도',
    last: '마지막 답',
    resend: '다시 보내기',
    resent: '다시 보낼게요.',
    deliveryOf: (id: string) => `보낸 기록 ${id}`,
    event: '사실 ID',
    claim: '참여',
    settled: '끝난 때',
    answers: '받은 답',
    more: (shown: string, isMore: boolean) => `${shown}${isMore ? '+' : ''}`,
    back: '모든 웹훅',
  },
  en: {
    title: 'Webhooks',
    under: 'Other servers are told what happened: signed, and sent again until it is taken.',
    empty: 'There are no webhooks yet. Add an address, or start the receiver of the examples first.',
    add: 'Add a webhook',
    addTitle: 'A new webhook',
    editTitle: 'Change the webhook',
    url: 'Address',
    urlHint: 'It begins with https:// and can be reached from outside.',
    description: 'Description',
    state: 'State',
    enabled: 'Enabled',
    disabled: 'Disabled',
    facts: 'Facts',
    allFacts: 'All',
    someFacts: (count: string) => (count === '1' ? '1 kind' : `${count} kinds`),
    chosenFacts: 'Only these',
    noFacts: 'Choose at least one kind of fact.',
    campaigns: 'Campaigns',
    allCampaigns: 'All campaigns',
    someCampaigns: (count: string) => (count === '1' ? '1 campaign' : `${count} campaigns`),
    campaignsHint: 'None chosen: all of them.',
    why: 'Why disabled',
    since: 'Disabled at',
    made: 'Made',
    changed: 'Changed',
    save: 'Save',
    cancel: 'Cancel',
    edit: 'Change',
    secret: 'The secret it is signed with.',
    rotate: 'New secret',
    rotateSays: 'Makes 1 new secret. The one in force signs too for 24 hours, and not after that.',
    test: 'Send a test',
    testOk: (status: number | null, ms: string) => `It was taken: ${status ?? '–'}, ${ms}`,
    testBad: (ms: string) => `It was not taken (${ms}):`,
    answer: 'Answer',
    noAnswer: 'no answer',
    noBody: 'The answer has no body.',
    enable: 'Enable',
    disable: 'Disable',
    disableSays: 'Sends 0 facts to this address from now on. What waits is sent when it is enabled again.',
    remove: 'Remove',
    removeTitle: 'Remove this webhook?',
    removeSays: (count: string) =>
      `Removes 1 webhook with ${count} deliveries. What waits is not sent. This cannot be undone.`,
    deliveries: 'Deliveries',
    noDeliveries: 'Nothing has been sent yet.',
    all: 'All',
    type: 'Fact',
    delivery: {
      pending: 'Pending',
      delivered: 'Delivered',
      failed: 'Failed',
    },
    tries: 'Tries',
    times: (count: string) => `${count} ×`,
    when: 'Happened',
    next: 'Next try',
    last: 'Last answer',
    resend: 'Send again',
    resent: 'It will be sent again.',
    deliveryOf: (id: string) => `Delivery ${id}`,
    event: 'Fact id',
    claim: 'Claim',
    settled: 'Settled',
    answers: 'Answers',
    more: (shown: string, isMore: boolean) => `${shown}${isMore ? '+' : ''}`,
    back: 'All webhooks',
  },
};

export const PATH = '/v1/admin/webhooks';
export const pathOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;
