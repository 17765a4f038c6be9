"""From a request to records: plan, dispatch, measure, store."""
