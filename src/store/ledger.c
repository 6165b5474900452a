#include "store/ledger.h"

bool
ledger_balanced(const struct ledger *l)
{
	if (l->produced < 0 || l->acked < 0 || l->unacked < 0 ||
	    l->failed < 0 || l->foreign < 0 || l->consumed < 0 ||
	    l->valid < 0 || l->dead < 0 || l->late < 0 || l->lag < 0 ||
	    l->lost < 0 || l->skipped < 0)
		return false;
	return l->produced == l->acked + l->unacked + l->failed &&
	       l->consumed == l->valid + l->dead && l->late <= l->valid &&
	       l->acked + l->foreign ==
		   l->consumed + l->lag + l->lost + l->skipped;
}
